import type { Viewport } from '../../viewer/viewport.ts';

/** One of several pictures of the same region that look at the same place. */
export interface LinkedPicture {
  /** Takes the view of another picture. */
  adopt(view: Viewport): void;
}

/** Keeps pictures of the same region at the same place and zoom; a new one starts where the others are. */
export class PanZoomLink {
  readonly #pictures = new Set<LinkedPicture>();
  #view: Viewport | null = null;

  /** Joins; the returned function leaves. */
  join(picture: LinkedPicture): () => void {
    this.#pictures.add(picture);
    if (this.#view !== null) picture.adopt(this.#view);
    return () => this.#pictures.delete(picture);
  }

  /** A picture was moved by hand; null when it shows everything again. */
  tell(from: LinkedPicture, view: Viewport | null): void {
    this.#view = view;
    if (view !== null) for (const picture of this.#pictures) if (picture !== from) picture.adopt(view);
  }
}
