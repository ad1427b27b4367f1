// The worker as the page sees it: questions with promised answers.

import type { Constants } from "../core/constants";
import type { Hand } from "../core/hand";
import { chooseCalibration, type Metadata } from "../core/metadata";
import { GAUSSIAN } from "../core/uncertainty";
import type { Reply, Request, Times } from "./messages";

export type ShownHand = Hand & { readonly track?: number; readonly seen?: boolean };

export interface Found {
  readonly hands: readonly ShownHand[];
  readonly times: Times;
}

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
}

type Ask<T> = T extends { id: number } ? Omit<T, "id"> : never;

/** Runs both models in a worker. */
export class Engine {
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  private constructor(
    private readonly worker: Worker,
    readonly constants: Constants,
    readonly metadata: Metadata,
    readonly threads: number,
  ) {
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.take(data);
  }

  static load(base: string, threads: number, progress: (share: number) => void): Promise<Engine> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message || "the worker cannot be started"));
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.kind === "loading") progress(data.share);
        else if (data.kind === "failed") reject(new Error(data.reason));
        else if (data.kind === "ready") resolve(new Engine(worker, data.constants, data.metadata, data.threads));
      };
      worker.postMessage({ kind: "load", base, threads } satisfies Request);
    });
  }

  /** Ask about a photo or a frame; its bitmap goes over to the worker. */
  find(request: Ask<Request>): Promise<Found> {
    const id = this.next++;
    this.worker.postMessage({ ...request, id }, [request.image]);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private take(reply: Reply): void {
    if (reply.kind !== "found" && reply.kind !== "failed") return;
    const waiting = this.waiting.get(reply.id ?? -1);
    this.waiting.delete(reply.id ?? -1);
    if (reply.kind === "failed") waiting?.reject(new Error(reply.reason));
    else waiting?.resolve({ hands: this.shown(reply), times: reply.times });
  }

  private shown(reply: Extract<Reply, { kind: "found" }>): ShownHand[] {
    const { narrowest } = this.constants.uncertainty;
    const calibration = chooseCalibration(this.metadata, reply.calibration, reply.looks, narrowest);
    return reply.hands.map((hand) => ({ ...hand, radial: calibration?.radial ?? GAUSSIAN }));
  }
}
