"""`python -m likelihand`: the command line, also for launchers such as `torchrun -m likelihand train ...`."""

from likelihand.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
