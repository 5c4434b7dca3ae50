"""The emulated machines that tests run on: machine.py uses them, build.py makes them."""
