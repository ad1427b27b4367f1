// Where pictures come from: files, films and the camera.

export interface FrameSource {
  readonly name: string;
  readonly video: HTMLVideoElement;
  /** Stop and let go of the camera or the file. */
  close(): void;
}

/** Decode a photo, turned as EXIF asks, its colours as they are in the file. */
export async function readPhoto(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  } catch {
    throw new Error("this file is no picture that the browser can read; save it as JPEG or PNG");
  }
}

/** Open a film file; it plays once. */
export async function openFilm(file: File): Promise<FrameSource> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  video.src = url;
  video.muted = true;
  video.playsInline = true;
  const close = (): void => {
    video.pause();
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  };
  try {
    await video.play();
  } catch {
    close();
    throw new Error("this file is no film that the browser can play; save it as MP4 (H.264) or WebM");
  }
  return { name: file.name, video, close };
}

/** Open the camera that faces the user. */
export async function openCamera(): Promise<FrameSource> {
  if (!navigator.mediaDevices)
    throw new Error("no camera here: browsers allow it on localhost and over https only");
  let stream: MediaStream;
  try {
    const wanted = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : String(error);
    const reasons: Record<string, string> = {
      NotAllowedError: "the camera was not allowed; allow it in the address bar and try again",
      NotFoundError: "no camera is plugged in",
      NotReadableError: "another program uses the camera; close it and try again",
    };
    throw new Error(reasons[name] ?? `the camera cannot be opened (${name})`);
  }
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  const close = (): void => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  return { name: "camera", video, close };
}

/** Wait for a video's next frame; return its time in seconds, or null where the film has ended. */
export function nextFrame(video: HTMLVideoElement): Promise<number | null> {
  return new Promise((resolve) => {
    if (video.ended || video.error) return resolve(null);
    const end = (): void => resolve(null);
    video.addEventListener("ended", end, { once: true });
    const take = (seconds: number): void => {
      video.removeEventListener("ended", end);
      resolve(seconds);
    };
    if ("requestVideoFrameCallback" in video) {
      video.requestVideoFrameCallback((now, { mediaTime }) => take(video.srcObject ? now / 1000 : mediaTime));
    } else {
      requestAnimationFrame((now) =>
        take((video as HTMLVideoElement).srcObject ? now / 1000 : (video as HTMLVideoElement).currentTime),
      );
    }
  });
}
