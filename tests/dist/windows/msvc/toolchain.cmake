# Uses clang-cl and lld-link, which accept the options of Visual Studio, with the headers of this folder. SDK is the folder with
# msvcrt.lib.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER clang-cl-$ENV{LLVM})
set(CMAKE_C_COMPILER_TARGET x86_64-pc-windows-msvc)
set(CMAKE_LINKER lld-link-$ENV{LLVM})
set(CMAKE_RC_COMPILER llvm-rc-$ENV{LLVM})
set(CMAKE_MT llvm-mt-$ENV{LLVM})
set(CMAKE_AR llvm-lib-$ENV{LLVM})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "/GS- -imsvc \"${CMAKE_CURRENT_LIST_DIR}\"")
set(CMAKE_EXE_LINKER_FLAGS_INIT "/entry:mainCRTStartup /nodefaultlib /libpath:\"$ENV{SDK}\"")
set(CMAKE_C_STANDARD_LIBRARIES msvcrt.lib CACHE STRING "")
