"""What is frozen into the boards' firmware."""

freeze(".", "mount_ramdisk.py")  # noqa: F821
