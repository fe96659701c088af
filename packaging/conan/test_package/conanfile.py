"""Compiles a program with the package and runs it. If EGRET_WS_TEST_URL is set, the program connects to that echo server."""
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class TestEgretWs(ConanFile):
    settings = 'os', 'arch', 'compiler', 'build_type'
    generators = 'CMakeDeps', 'CMakeToolchain'

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            program = os.path.join(self.cpp.build.bindir, 'hello')
            arguments = [os.environ.get(name, '') for name in ('EGRET_WS_TEST_URL', 'EGRET_WS_TEST_ROOTS')]
            self.run(' '.join([program, *filter(None, arguments)]), env='conanrun')
