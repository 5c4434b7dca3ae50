"""The compilers and emulators that come from Debian."""

import os
import shutil
from pathlib import Path

from report import SetupError, run, say

# A file or a command that shows that a package is there, and the package.
NEEDED = {
    "gcc": "gcc",
    "/usr/include/stdio.h": "libc6-dev",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "/usr/lib/arm-none-eabi/newlib": "libnewlib-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "/usr/lib/picolibc/riscv64-unknown-elf": "picolibc-riscv64-unknown-elf",
    "clang-22": "clang-22",
    "llvm-mc-22": "llvm-22",
    "/usr/lib/llvm-22/lib/clang/22/lib/linux": "libclang-rt-22-dev",
    "xtensa-lx106-elf-ld": "binutils-xtensa-lx106",
    "/usr/lib/xtensa-lx106-elf/include/stdlib.h": "picolibc-xtensa-lx106-elf",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
    "qemu-xtensa": "qemu-user",
    "valgrind": "valgrind",
}


def missing_packages() -> list[str]:
    """Names of the Debian packages that this machine lacks."""
    missing = [
        package
        for sign, package in NEEDED.items()
        if not (Path(sign).exists() if sign.startswith("/") else shutil.which(sign))
    ]
    try:
        import ensurepip  # noqa: F401  Debian splits it off from Python
    except ImportError:
        missing.append("python3-venv")
    return missing


def install_packages(build: Path) -> None:
    """Install what is missing with apt-get. SetupError names the packages if that is impossible."""
    missing = missing_packages()
    if not missing:
        return
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if not Path("/etc/debian_version").exists() or not shutil.which("apt-get"):
        raise SetupError(
            "this machine is not Debian, so these must be installed by hand "
            f"(names of Debian 12's packages): {' '.join(missing)}"
        )
    if os.geteuid() != 0:
        raise SetupError(f"as root, run: apt-get update && {command}")
    say(f"installing {len(missing)} Debian packages, about a minute: {' '.join(missing)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], build / "setup" / "apt-update.log", env=environment)
    run(
        ["apt-get", "install", "-y", "--no-install-recommends", *missing],
        build / "setup" / "apt-install.log",
        env=environment,
    )
