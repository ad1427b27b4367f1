// Hands followed from frame to frame: the counterpart of likelihand/tracking/tracker.py.

import type { TrackingSettings } from "./constants";
import type { Detection } from "./detection";
import { median, PointFilter, type Smoothed, type SmoothingSettings, spreadOf } from "./filter";
import {
  allFinite,
  type Box,
  boxIou,
  boxLength,
  boxOfPoints,
  meanDistance,
  type Point,
  type Size,
} from "./geometry";
import { type Hand, type Side, scaleOf } from "./hand";
import { nextBox } from "./predictor";

export interface TrackedHand extends Hand {
  readonly track: number;
  /** False where the hand is hidden or missed and its points are where it should be. */
  readonly seen: boolean;
}

export interface TrackerModels<I> {
  /** Predict one hand a box, in the boxes' order. */
  predict(image: I, boxes: readonly Box[]): Promise<readonly Hand[]>;
  detect(image: I): Promise<readonly Detection[]>;
}

/** Follows the hands of a film, frame by frame. */
export class Tracker<I extends Size> {
  private tracks: Track[] = [];
  private frame = -1;
  private seconds = 0;
  private next = 0;

  constructor(
    private readonly models: TrackerModels<I>,
    private readonly settings: TrackingSettings,
    private readonly smoothing: SmoothingSettings,
  ) {}

  /** Take the next frame, at a time that does not go back; return its hands, the oldest track first. */
  async step(image: I, seconds: number): Promise<TrackedHand[]> {
    const elapsed = this.frame >= 0 ? seconds - this.seconds : 0;
    if (!(elapsed >= 0)) throw new RangeError(`frame at ${seconds} s after one at ${this.seconds} s`);
    this.frame += 1;
    this.seconds = seconds;
    for (const track of this.tracks) track.wait(elapsed);
    const seen = await this.followed(image);
    if (this.isDue(seen)) {
      for (const [number, hand] of await this.detected(image, seen)) seen.set(number, hand);
    }
    for (const track of this.tracks) track.take(seen.get(track.number), elapsed);
    this.tracks = this.tracks.filter((t) => t.seen || t.unseen <= this.settings.memory);
    return this.tracks.filter((t) => t.seen || t.unseen <= this.settings.coast).map((t) => t.hand());
  }

  /** Look where the tracks should be; return the hand of each that is seen there. */
  private async followed(image: I): Promise<Map<number, Hand>> {
    const looked = this.tracks.filter((t) => t.live && shows(t.box, image));
    const seen = new Map<number, Hand>();
    if (!looked.length) return seen;
    const hands = await this.models.predict(
      image,
      looked.map((t) => t.box),
    );
    looked.forEach((track, i) => {
      if (this.isGood(hands[i]!, image, track)) seen.set(track.number, hands[i]!);
    });
    return this.apart(seen);
  }

  /** Tell whether a crop's answer looks like a hand, and like the one that its track saw of late. */
  private isGood(hand: Hand, image: Size, track: Track | null): boolean {
    const s = this.settings;
    if (hand.score < s.presence || !allFinite(hand.points) || !allFinite(hand.covariance)) return false;
    const inside = hand.points.filter(
      ([x, y]) => x >= 0 && y >= 0 && x <= image.width && y <= image.height,
    ).length;
    const wide = spreadOf(hand.points);
    const sure = median(scaleOf(hand).flat()) <= s.unsure * wide;
    const growth = track?.live ? wide / track.size : 1;
    const alike = 1 / s.jump <= growth && growth <= s.jump;
    return inside >= s.inside * hand.points.length && wide >= s.smallest && sure && alike;
  }

  /** Of two tracks that see one hand, leave it to the one that expected it there and is of its side. */
  private apart(seen: Map<number, Hand>): Map<number, Hand> {
    const doubtful = this.tracks.filter((t) => seen.has(t.number));
    const doubts = doubtful.map((t) => [t.surprise(seen.get(t.number)!), t.number] as const);
    const kept = new Map<number, Hand>();
    for (const [, number] of doubts.sort((a, b) => a[0] - b[0])) {
      const hand = seen.get(number)!;
      if (![...kept.values()].some((other) => this.isSame(hand, other))) kept.set(number, hand);
    }
    return kept;
  }

  private isSame(first: Hand, second: Hand): boolean {
    const size = Math.min(spreadOf(first.points), spreadOf(second.points));
    return meanDistance(first.points, second.points) < this.settings.same * size;
  }

  private isDue(seen: ReadonlyMap<number, Hand>): boolean {
    const live = this.tracks.filter((t) => t.live);
    const pause = live.length ? this.settings.every : this.settings.idle;
    return live.some((t) => !seen.has(t.number)) || this.frame % Math.min(pause, this.settings.every) === 0;
  }

  /** Look with the detector; return the hands of tracks that it finds again, and of new ones. */
  private async detected(image: I, seen: ReadonlyMap<number, Hand>): Promise<Map<number, Hand>> {
    const found = (await this.models.detect(image)).filter((f) => shows(f.box, image));
    const owner = this.owners(found, seen);
    for (const [i, track] of owner) track.vote(found[i]!.side, this.settings.detector_vote);
    const open = found.map((_, i) => i).filter((i) => !this.fits(seen.get(owner.get(i)?.number ?? -1), found[i]!));
    const again = new Map<number, Hand>();
    if (!open.length) return again;
    const first = await this.models.predict(
      image,
      open.map((i) => found[i]!.box),
    );
    const hands = await this.models.predict(
      image,
      first.map((hand) => closerBox(hand, image)),
    );
    open.forEach((i, k) => {
      const hand = hands[k]!;
      const owned = owner.get(i) ?? null;
      const lost = owned && !seen.has(owned.number) ? owned : null;
      const others = [...new Map([...seen, ...again])].filter(([number]) => number !== owned?.number);
      if (!this.isGood(hand, image, lost) || others.some(([, other]) => this.isSame(hand, other))) return;
      const track = owned ?? (this.mayStart(hand) ? this.started(hand, found[i]!.side, owner) : null);
      if (!track) return;
      track.forget();
      again.set(track.number, hand);
    });
    return again;
  }

  /** Tell whether what was never seen before is surely a hand, and its keypoints have a place. */
  private mayStart(hand: Hand): boolean {
    return hand.score >= this.settings.start && (hand.clarity ?? 1) >= this.settings.confidence;
  }

  private fits(hand: Hand | undefined, found: Detection): boolean {
    return hand !== undefined && boxIou(boxOfPoints(hand.points), found.box) >= this.settings.overlap;
  }

  /** Match detections and tracks one to one, the best pair first. */
  private owners(found: readonly Detection[], seen: ReadonlyMap<number, Hand>): Map<number, Track> {
    const pairs = this.tracks.flatMap((track) =>
      found.map((f, i) => [this.affinity(track, f, seen.get(track.number)), i, track] as const),
    );
    const owner = new Map<number, Track>();
    const taken = new Set<Track>();
    for (const [, i, track] of pairs.filter(([fit]) => fit > 0).sort((a, b) => b[0] - a[0])) {
      if (owner.has(i) || taken.has(track)) continue;
      owner.set(i, track);
      taken.add(track);
    }
    return owner;
  }

  /** Return how well a detection fits a track: above 0 if they may be one hand, less where sides differ. */
  private affinity(track: Track, found: Detection, hand: Hand | undefined): number {
    const { overlap, other_side } = this.settings;
    const penalty = found.side && track.side && found.side !== track.side ? other_side : 0;
    const [x0, y0, x1, y1] = found.box;
    if (hand) {
      const shared = boxIou(boxOfPoints(hand.points), found.box);
      const within = hand.points.filter(([x, y]) => x >= x0 && y >= y0 && x <= x1 && y <= y1).length;
      const fit = Math.max(shared, within / hand.points.length / 2);
      return fit >= overlap ? 1 + fit - penalty : 0;
    }
    const box = track.box;
    const reach = (1 + 2 * track.unseen) * Math.max(boxLength(box), boxLength(found.box));
    const away = Math.hypot(box[0] + box[2] - x0 - x1, box[1] + box[3] - y0 - y1) / 2;
    return Math.max(0, 1 - away / reach - penalty);
  }

  /** Start a track where there may be one more, or in place of one that is lost and owns nothing found. */
  private started(hand: Hand, side: Side | null, owner: ReadonlyMap<number, Track>): Track | null {
    if (this.settings.most !== null && this.tracks.length >= this.settings.most) {
      const lost = this.tracks.filter((t) => !t.live && ![...owner.values()].includes(t));
      if (!lost.length) return null;
      const forgotten = lost.reduce((a, b) => (b.unseen > a.unseen ? b : a));
      this.tracks.splice(this.tracks.indexOf(forgotten), 1);
    }
    const track = new Track(this.next, this.settings, this.smoothing, hand);
    track.vote(side, this.settings.detector_vote);
    this.next += 1;
    this.tracks.push(track);
    return track;
  }
}

/** One hand's past. */
class Track {
  unseen = 0;
  seen = true;
  live = true;
  size: number;
  private filter: PointFilter | null = null;
  private smoothed: Smoothed | null = null;
  private expected: readonly Point[];
  private lead = 0;

  constructor(
    readonly number: number,
    private readonly settings: TrackingSettings,
    private readonly smoothing: SmoothingSettings,
    private last: Hand,
  ) {
    this.size = spreadOf(last.points);
    this.expected = last.points.map(() => [0, 0]);
  }

  get side(): Side | null {
    if (this.lead === 0) return null;
    return this.lead > 0 ? "right" : "left";
  }

  get box(): Box {
    return boxOfPoints(this.expected);
  }

  /** Let time pass; a hand unseen for longer than `coast` is waited for where it was last expected. */
  wait(elapsed: number): void {
    this.unseen += elapsed;
    this.live = this.live && (this.seen || this.unseen <= this.settings.coast);
    if (!this.filter || !this.live) return;
    const now = this.filter.expected(0);
    const move = this.filter.expected(elapsed).map(([x, y], i): Point => [x - now[i]![0], y - now[i]![1]]);
    const mean = (axis: 0 | 1): number => move.reduce((sum, m) => sum + m[axis], 0) / move.length;
    const length = Math.hypot(mean(0), mean(1));
    const slower = Math.max(1, length / (this.settings.farthest * this.size));
    this.expected = now.map(([x, y], i) => [x + move[i]![0] / slower, y + move[i]![1] / slower]);
  }

  /** Return how far a hand is from where it should be, in spreads; a wrong side counts as one. */
  surprise(hand: Hand): number {
    const away = meanDistance(hand.points, this.expected) / this.size;
    return away + (hand.side && this.side && hand.side !== this.side ? 1 : 0);
  }

  /** Count a vote for a side. */
  vote(side: Side | null, weight = 1): void {
    if (!side) return;
    const most = this.settings.most_votes;
    this.lead = Math.min(Math.max(this.lead + (side === "right" ? weight : -weight), -most), most);
  }

  /** Drop what the filter saw: it is of another place. */
  forget(): void {
    this.filter = null;
  }

  /** Take what is seen in this frame. */
  take(hand: Hand | undefined, elapsed: number): void {
    this.seen = hand !== undefined;
    if (!hand) {
      if (this.live && this.filter) this.smoothed = this.filter.step(null, [], elapsed);
      return;
    }
    if (!this.filter || !this.live) this.filter = new PointFilter(this.smoothing);
    this.smoothed = this.filter.step(hand.points, hand.covariance, elapsed);
    this.vote(hand.side);
    this.last = hand;
    this.unseen = 0;
    this.live = true;
    this.size = spreadOf(hand.points);
  }

  /** Return the hand as it is now. */
  hand(): TrackedHand {
    const { points, covariance } = this.smoothed!;
    return { ...this.last, points, covariance, side: this.side, track: this.number, seen: this.seen };
  }
}

/** Return where to look at a hand again: around its points, as long as they are in the picture. */
function closerBox(hand: Hand, image: Size): Box {
  const box = nextBox(hand);
  return shows(box, image) ? box : hand.box;
}

/** Tell whether a box has an area and shares some of it with the picture. */
function shows([x0, y0, x1, y1]: Box, image: Size): boolean {
  return Math.min(x1 - x0, y1 - y0) > 0 && x1 > 0 && y1 > 0 && x0 < image.width && y0 < image.height;
}
