"""The recipe of egret-ws for Conan 2. It builds the library from the sources of a release, with the cargo (1.88 or newer) on the PATH."""
import os
import shutil

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get

required_conan_version = '>=2.0'


class EgretWs(ConanFile):
    name = 'egret-ws'
    description = 'The WebSocket of native Egret game shells: a C ABI with a poll loop'
    license = 'MIT OR Apache-2.0'
    topics = 'websocket', 'ffi', 'game', 'egret'
    package_type = 'library'
    settings = 'os', 'arch', 'compiler', 'build_type'
    # openssl: the OpenSSL that is used on systems where TLS needs OpenSSL, such as Linux. `vendored` is built from its sources
    # into the library; `conan` is Conan's package; `system` is the OpenSSL of the system.
    options = {'shared': [True, False], 'tls': [True, False], 'openssl': ['vendored', 'conan', 'system']}
    default_options = {'shared': False, 'tls': True, 'openssl': 'vendored'}

    @property
    def _has_openssl(self):
        return self.options.get_safe('tls') and self.settings.os not in ('Windows', 'Macos', 'iOS')

    @property
    def _is_openssl_outside(self):
        return self._has_openssl and self.options.openssl != 'vendored'

    def config_options(self):
        if self.settings.os in ('Windows', 'Macos', 'iOS'):
            del self.options.openssl

    def configure(self):
        # The interface is C.
        self.settings.rm_safe('compiler.cppstd')
        self.settings.rm_safe('compiler.libcxx')

    def requirements(self):
        if self._is_openssl_outside and self.options.openssl == 'conan':
            self.requires('openssl/[>=1.1.1 <4]')

    def validate(self):
        if self.settings.os == 'Windows' and self.settings.compiler == 'msvc':
            raise ConanInvalidConfiguration('egret-ws is built by MinGW on Windows; its DLL works with MSVC')

    def validate_build(self):
        if not shutil.which('cargo'):
            raise ConanInvalidConfiguration('cargo is missing: install Rust 1.88 or newer (https://rustup.rs)')

    def layout(self):
        cmake_layout(self, src_folder='src')

    def source(self):
        get(self, **self.conan_data['sources'][self.version], strip_root=True)

    @property
    def _cargo_dir(self):
        return os.path.join(self.build_folder, 'cargo')

    def generate(self):
        toolchain = CMakeToolchain(self)
        variables = toolchain.cache_variables
        variables['EGRET_WS_CARGO_TARGET_DIR'] = self._cargo_dir.replace('\\', '/')
        variables['EGRET_WS_CARGO_PROFILE'] = 'dev' if self.settings.build_type == 'Debug' else 'release'
        variables['EGRET_WS_TLS'] = bool(self.options.tls)
        variables['EGRET_WS_VENDORED'] = bool(self._has_openssl and not self._is_openssl_outside)
        toolchain.generate()

    def build(self):
        if self._is_openssl_outside and self.options.openssl == 'conan':
            os.environ['OPENSSL_DIR'] = self.dependencies['openssl'].package_folder
        cmake = CMake(self)
        cmake.configure()
        # The static library is one object, so it can be linked together with other Rust libraries.
        cmake.build(target='egret_ws_cargo' if self.options.shared else 'egret_ws_one_object')

    def package(self):
        copy(self, 'LICENSE-*', self.source_folder, os.path.join(self.package_folder, 'licenses'))
        system = {'Windows': 'windows', 'Macos': 'apple', 'iOS': 'apple', 'Android': 'android'}.get(str(self.settings.os), 'linux')
        if self._has_openssl and not self._is_openssl_outside and system == 'linux':
            system = 'linux-vendored'
        copy(self, f'{system}.txt', os.path.join(self.source_folder, 'packaging', 'notices'),
             os.path.join(self.package_folder, 'licenses'))
        include = os.path.join(self.package_folder, 'include')
        copy(self, '*.h', os.path.join(self.source_folder, 'include'), include)
        copy(self, '*.hpp', os.path.join(self.source_folder, 'bindings', 'cpp'), include)
        lib = os.path.join(self.package_folder, 'lib')
        if self.options.shared:
            copy(self, '*/egret_ws.dll', self._cargo_dir, os.path.join(self.package_folder, 'bin'), keep_path=False, excludes='*/deps/*')
            patterns, built = ('*/libegret_ws.so', '*/libegret_ws.dylib', '*/libegret_ws.dll.a'), self._cargo_dir
        else:
            patterns, built = ('libegret_ws.a',), os.path.join(self.build_folder, 'one_object')
        found = [path for pattern in patterns for path in copy(self, pattern, built, lib, keep_path=False, excludes='*/deps/*')]
        if not found:
            raise FileNotFoundError(f'none of {patterns} was built in {built}')

    def package_info(self):
        self.cpp_info.set_property('cmake_file_name', 'egret_ws')
        self.cpp_info.set_property('cmake_target_name', 'egret_ws::egret_ws')
        self.cpp_info.set_property('pkg_config_name', 'egret_ws')
        self.cpp_info.libs = ['egret_ws.dll' if self.settings.os == 'Windows' and self.options.shared else 'egret_ws']
        if self.options.shared:
            return
        # These libraries are needed by Rust's library and by TLS.
        if self.settings.os == 'Windows':
            self.cpp_info.system_libs = ['ws2_32', 'userenv', 'ntdll', 'dbghelp']
        elif self.settings.os in ('Macos', 'iOS'):
            self.cpp_info.frameworks = ['Security', 'CoreFoundation'] if self.options.tls else []
        else:
            self.cpp_info.system_libs = ['pthread', 'dl', 'm']
            if self.settings.os == 'Android':
                self.cpp_info.system_libs.append('log')
            if self._is_openssl_outside and self.options.openssl == 'system':
                self.cpp_info.system_libs = ['ssl', 'crypto', *self.cpp_info.system_libs]
