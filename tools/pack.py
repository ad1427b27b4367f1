"""Cut the hands of a data set out of their photos and write them as shards: smaller, and faster to read.

    python tools/pack.py --data DATA.yaml --out shards [--where FIELD=VALUE ...]

DATA is what the commands of likelihand take as `--data`. Training reads the result with `likelihand.data.Shards`.
"""

from pathlib import Path

from likelihand.cli.labelled import add_data_options, data_of
from likelihand.cli.parsing import command_parser
from likelihand.data.cropped import Cropped
from likelihand.synth.shards import write_shards


def main() -> None:
    parser = command_parser("pack", (__doc__ or "").splitlines()[0])
    add_data_options(parser, "--data")
    parser.add_argument("--room", type=float, default=2.4, help="side of a cut over the longer side of the box")
    parser.add_argument("--side", type=int, default=256, help="largest side of a cut in pixels")
    parser.add_argument("--quality", type=int, default=90, help="of JPEG")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    hands = Cropped(data_of(arguments), arguments.room, arguments.side)
    source = {name: str(getattr(arguments, name)) for name in ("data", "where", "box")}
    describe = {"room": arguments.room, "side": arguments.side, **source}
    out = write_shards(
        hands, arguments.out, processes=arguments.processes, quality=arguments.quality, describe=describe
    )
    print(f"{len(hands)} hands -> {out}")


if __name__ == "__main__":
    main()
