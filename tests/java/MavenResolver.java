import java.io.File;
import org.apache.maven.repository.internal.MavenRepositorySystemUtils;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.connector.basic.BasicRepositoryConnectorFactory;
import org.eclipse.aether.impl.DefaultServiceLocator;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.repository.LocalRepository;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.repository.RepositoryPolicy;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.resolution.DependencyResolutionException;
import org.eclipse.aether.spi.connector.RepositoryConnectorFactory;
import org.eclipse.aether.spi.connector.transport.TransporterFactory;
import org.eclipse.aether.transport.file.FileTransporterFactory;

/**
 * MavenResolver LOCAL FOLDER ARTIFACT... [-- FOLDER ARTIFACT...]: resolves artifacts from folders with Maven's own code. For each
 * artifact it prints one line: the file, or the error.
 */
public class MavenResolver {
    public static void main(String[] args) throws Exception {
        DefaultServiceLocator services = MavenRepositorySystemUtils.newServiceLocator();
        services.addService(RepositoryConnectorFactory.class, BasicRepositoryConnectorFactory.class);
        services.addService(TransporterFactory.class, FileTransporterFactory.class);
        RepositorySystem system = services.getService(RepositorySystem.class);
        int folder = 1;
        for (int i = 2; i < args.length; i++) {
            if (args[i].equals("--")) folder = ++i;
            else System.out.println(resolve(system, new File(args[0], "from-" + folder), new File(args[folder]), args[i]));
        }
    }

    private static String resolve(RepositorySystem system, File local, File folder, String artifact) {
        DefaultRepositorySystemSession session = MavenRepositorySystemUtils.newSession();
        session.setLocalRepositoryManager(system.newLocalRepositoryManager(session, new LocalRepository(local)));
        RepositoryPolicy strict = new RepositoryPolicy(true, RepositoryPolicy.UPDATE_POLICY_ALWAYS, RepositoryPolicy.CHECKSUM_POLICY_FAIL);
        RemoteRepository repository =
                new RemoteRepository.Builder("folder", "default", folder.toURI().toString()).setPolicy(strict).build();
        CollectRequest collect =
                new CollectRequest().setRoot(new Dependency(new DefaultArtifact(artifact), "compile")).addRepository(repository);
        try {
            return system.resolveDependencies(session, new DependencyRequest(collect, null)).getRoot().getArtifact().getFile().toString();
        } catch (DependencyResolutionException wrong) {
            return wrong.getMessage();
        }
    }
}
