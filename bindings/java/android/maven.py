"""Writes artifacts into a folder that Maven and Gradle use as a repository."""
import hashlib
import pathlib
import shutil
from xml.sax.saxutils import escape

GROUP = 'org.egret'
POM = '''<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://maven.apache.org/POM/4.0.0 http://maven.apache.org/xsd/maven-4.0.0.xsd">
  <modelVersion>4.0.0</modelVersion>
  <groupId>{group}</groupId>
  <artifactId>{artifact}</artifactId>
  <version>{version}</version>
  <packaging>{packaging}</packaging>
  <name>{artifact}</name>
  <description>{description}</description>
  <licenses>
    <license>
      <name>MIT OR Apache-2.0</name>
      <distribution>repo</distribution>
    </license>
  </licenses>{dependencies}
</project>
'''
METADATA = '''<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <groupId>{group}</groupId>
  <artifactId>{artifact}</artifactId>
  <versioning>
    <latest>{version}</latest>
    <release>{version}</release>
    <versions>
{versions}
    </versions>
  </versioning>
</metadata>
'''


def publish(repository, artifact, version, packaging, description, files, dependencies=()):
    """Adds a version of an artifact to the folder `repository`, or replaces it.

    `files` maps the ends of names ('.aar', '-sources.jar') to paths. `dependencies` are (group, artifact, version, type).
    """
    folder = pathlib.Path(repository, *GROUP.split('.'), artifact)
    release = folder / version
    shutil.rmtree(release, ignore_errors=True)
    release.mkdir(parents=True)
    for end, path in files.items():
        shutil.copyfile(path, release / f'{artifact}-{version}{end}')
    listed = ''.join(f'''
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{name}</artifactId>
      <version>{number}</version>
      <type>{kind}</type>
    </dependency>''' for group, name, number, kind in dependencies)
    names = {'group': GROUP, 'artifact': artifact, 'version': version}
    (release / f'{artifact}-{version}.pom').write_text(POM.format(
        **names, packaging=packaging, description=escape(description),
        dependencies=f'\n  <dependencies>{listed}\n  </dependencies>' if listed else ''))
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir())
    (folder / 'maven-metadata.xml').write_text(METADATA.format(
        **names, versions='\n'.join(f'      <version>{number}</version>' for number in versions)))
    for path in [*release.iterdir(), folder / 'maven-metadata.xml']:
        for kind in 'md5', 'sha1', 'sha256':
            path.with_name(f'{path.name}.{kind}').write_text(hashlib.new(kind, path.read_bytes()).hexdigest())
