# Cross-compile for 64-bit ARM with Debian's compiler; what was built runs under qemu-user, so that
# its tests need no ARM machine. Packages: .ci/debian-packages-aarch64.txt.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
