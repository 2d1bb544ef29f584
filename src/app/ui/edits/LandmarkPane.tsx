import { Trash2 } from 'lucide-react';
import { useCallback, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { countText } from '../../../core/count-text.ts';
import { eyedLandmarkSigmaPx, snappedLandmarkSigmaPx } from '../../../core/edits/edit.ts';
import { applyAffine, invertAffine } from '../../../core/geometry/affine2.ts';
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import { pairKey, type TilePair } from '../../../core/tiles/tile.ts';
import type { PairView } from '../../../../workers/protocol.ts';
import { landmarksOf, type ListedLandmark } from '../../state/edits.ts';
import { tileName } from '../../viewer/tile-name.ts';
import { useApp, useAppState } from '../app-context.ts';
import { layOutCrops, pictureFromTile } from '../pair-inspector/match-picture.ts';
import { drawBitmap, type Paint } from '../pair-inspector/pan-zoom.ts';
import { PanZoomCanvas } from '../pair-inspector/PanZoomCanvas.tsx';
import { usePairView } from '../pair-inspector/use-pair-view.ts';
import { pickLandmark, pickPlace, type PickedPlace } from './landmark-picture.ts';
import './edits.css';

interface LandmarkPaneProps {
  readonly pair: TilePair;
  /** Where the solution puts b in a; the partner of a place is looked for about it. */
  readonly aFromB: Affine2;
}

/** A second click says where to look to so many px; alone, the first place is looked for this far round its prediction. */
const clickSearchPx = 8;
const aloneSearchPx = 12;
/** A correlation below this is no peak but the best of nothing. */
const leastCorrelation = 0.7;
/** A drag is no click, CSS px. */
const clickSlopPx = 4;
/** Reach of a landmark under the pointer, CSS px. */
const pickReachPx = 9;
/** What arrows move the crosshair by, tile px; with Shift tenfold. */
const crosshairStepPx = 1;

/** What the last click came to, in a sentence. */
type Note = { readonly tone: 'plain' | 'warn'; readonly text: string };

/**
 * Both crops side by side: a click in one tile and one in the other set a landmark, snapped to a fraction of a pixel;
 * `Find` looks for the partner by itself. A landmark is dragged to move and deleted in the list.
 */
export function LandmarkPane({ pair, aFromB }: LandmarkPaneProps) {
  const { client, jobs } = useApp();
  const key = pairKey(pair);
  const list = useAppState(({ project }) => project.edits.corrections);
  const landmarks = useMemo(() => landmarksOf(list, key), [list, key]);
  const picture = usePairView(client, pair, aFromB);
  const [pending, setPending] = useState<PickedPlace | null>(null);
  const [note, setNote] = useState<Note | null>(null);
  const bFromA = useMemo(() => invertAffine(aFromB), [aFromB]);

  /** Sets the landmark, or moves the one that has `id`. */
  const set = async (inA: Point, inB: Point, searchPx: number, id: string | null) => {
    const snapped = await jobs.corrections.snap({ a: pair.a, b: pair.b, inA, inB, searchPx, bFromA });
    const isSharp = snapped !== null && snapped.correlation >= leastCorrelation;
    const ends = isSharp ? { inA: snapped.inA, inB: snapped.inB } : { inA, inB };
    const sigmaPx = isSharp ? snappedLandmarkSigmaPx : eyedLandmarkSigmaPx;
    const edit = { kind: 'landmark', a: pair.a, b: pair.b, ...ends, sigmaPx } as const;
    if (id === null) jobs.corrections.add(edit);
    else jobs.corrections.change(id, edit);
    setNote(
      isSharp
        ? { tone: 'plain', text: `Snapped, correlation ${snapped.correlation.toFixed(2)}.` }
        : { tone: 'warn', text: 'Nothing to snap to there: taken as clicked, and weighed less.' },
    );
    setPending(null);
  };

  const pick = (place: PickedPlace) => {
    if (pending === null || pending.side === place.side) {
      setPending(place);
      setNote({
        tone: 'plain',
        text: `Now the same place in ${tileName(place.side === 'a' ? pair.b : pair.a)}, or Find (f).`,
      });
      return;
    }
    const [inA, inB] = place.side === 'b' ? [pending.at, place.at] : [place.at, pending.at];
    void set(inA, inB, clickSearchPx, null);
  };

  /** Looks for the partner of the pending place where the solution has it. */
  const find = () => {
    if (pending === null) return;
    const { side, at } = pending;
    const other = side === 'a' ? applyAffine(bFromA, at.x, at.y) : applyAffine(aFromB, at.x, at.y);
    const [inA, inB] = side === 'a' ? [at, other] : [other, at];
    void set(inA, inB, aloneSearchPx, null);
  };

  const move = (entry: ListedLandmark, side: 'a' | 'b', at: Point) => {
    const { inA, inB } = entry.landmark;
    if (side === 'b') void set(inA, at, clickSearchPx, entry.id);
    else {
      // The other end goes along: what is dragged is the place, not the motion.
      const [from, to] = [applyAffine(bFromA, inA.x, inA.y), applyAffine(bFromA, at.x, at.y)];
      void set(at, { x: inB.x + to.x - from.x, y: inB.y + to.y - from.y }, clickSearchPx, entry.id);
    }
  };

  return (
    <section className="landmark-pane" aria-label="Landmarks" data-testid="landmark-pane">
      <header className="row">
        <h3>Landmarks</h3>
        <span className="dim small">
          Click the same place in both tiles; they speak for the pair instead of its matches.
        </span>
        <button type="button" disabled={pending === null} onClick={find} data-testid="find-partner">
          Find partner
        </button>
      </header>
      {picture.status === 'ready' ? (
        <LandmarkCanvas
          view={picture.view}
          names={[tileName(pair.a), tileName(pair.b)]}
          landmarks={landmarks}
          pending={pending}
          onPick={pick}
          onMove={move}
          onFind={find}
          onMiss={() => setNote({ tone: 'plain', text: 'Beside both tiles: click inside one of the two pictures.' })}
        />
      ) : (
        <p className="dim">{picture.status === 'loading' ? 'Reading the two tiles…' : picture.message}</p>
      )}
      <p className={note?.tone === 'warn' ? 'warn-text' : 'dim'} role="status" data-testid="landmark-note">
        {note?.text ?? `${countText(landmarks.length, 'landmark')} on this pair`}
      </p>
      <LandmarkList landmarks={landmarks} aFromB={aFromB} />
    </section>
  );
}

function LandmarkList({
  landmarks,
  aFromB,
}: {
  readonly landmarks: readonly ListedLandmark[];
  readonly aFromB: Affine2;
}) {
  const { jobs } = useApp();
  if (landmarks.length === 0) return null;
  return (
    <ol className="landmark-list">
      {landmarks.map(({ id, isOn, landmark: { inA, inB, sigmaPx } }, k) => {
        const place = applyAffine(aFromB, inB.x, inB.y);
        const off = Math.hypot(place.x - inA.x, place.y - inA.y);
        return (
          <li key={id} data-testid="landmark" data-on={isOn}>
            <span className="number">{k + 1}</span>
            <span className="number">{off.toFixed(2)} px apart</span>
            <span className="dim small">± {sigmaPx} px</span>
            <button
              type="button"
              className="icon"
              aria-label={`Delete landmark ${k + 1}`}
              onClick={() => jobs.corrections.remove(id)}
            >
              <Trash2 className="small" aria-hidden="true" />
            </button>
          </li>
        );
      })}
    </ol>
  );
}

interface LandmarkCanvasProps {
  readonly view: PairView;
  readonly names: readonly [string, string];
  readonly landmarks: readonly ListedLandmark[];
  readonly pending: PickedPlace | null;
  readonly onPick: (place: PickedPlace) => void;
  readonly onMove: (entry: ListedLandmark, side: 'a' | 'b', at: Point) => void;
  readonly onFind: () => void;
  /** A click beside both pictures. */
  readonly onMiss: () => void;
}

/** The picture with its landmarks; pointer and keys set and move them, dragging elsewhere pans. */
function LandmarkCanvas(props: LandmarkCanvasProps) {
  const { view, names, landmarks, pending } = props;
  const layout = useMemo(() => layOutCrops(view.a, view.b), [view]);
  const shown = useRef({ scale: 1, x: 0, y: 0, ratio: 1 });
  const [crosshair, setCrosshair] = useState<Point | null>(null);
  const grabbed = useRef<{ readonly x: number; readonly y: number; readonly hit: ReturnType<typeof hitAt> } | null>(
    null,
  );

  const paint = useCallback<Paint>(
    (context, t, ratio) => {
      shown.current = { scale: t.scale, x: t.x, y: t.y, ratio };
      drawBitmap(context, t, view.a.bitmap, layout.a.offset.x, layout.a.offset.y);
      drawBitmap(context, t, view.b.bitmap, layout.b.offset.x, layout.b.offset.y);
      const style = getComputedStyle(context.canvas);
      const colour = (name: string) => style.getPropertyValue(name).trim();
      const cross = (p: Point, stroke: string, label: string) => {
        const [x, y] = [p.x * t.scale + t.x, p.y * t.scale + t.y];
        context.strokeStyle = stroke;
        context.lineWidth = 1.5 * ratio;
        context.beginPath();
        context.moveTo(x - 7 * ratio, y);
        context.lineTo(x + 7 * ratio, y);
        context.moveTo(x, y - 7 * ratio);
        context.lineTo(x, y + 7 * ratio);
        context.stroke();
        context.fillStyle = stroke;
        context.font = `${parseFloat(style.fontSize) * ratio}px sans-serif`;
        context.fillText(label, x + 5 * ratio, y - 5 * ratio);
      };
      landmarks.forEach(({ isOn, landmark: { inA, inB } }, k) => {
        const stroke = colour(isOn ? '--accent' : '--text-dim');
        cross(pictureFromTile(layout.a, inA.x, inA.y), stroke, String(k + 1));
        cross(pictureFromTile(layout.b, inB.x, inB.y), stroke, String(k + 1));
      });
      if (pending) cross(pictureFromTile(layout[pending.side], pending.at.x, pending.at.y), colour('--warn'), '?');
      if (crosshair) cross(crosshair, colour('--good'), '');
    },
    [view, layout, landmarks, pending, crosshair],
  );

  const pictureAt = (event: PointerEvent): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    const { scale, x, y, ratio } = shown.current;
    return {
      x: ((event.clientX - box.left) * ratio - x) / scale,
      y: ((event.clientY - box.top) * ratio - y) / scale,
    };
  };
  const hitAt = (p: Point) => {
    const { scale, ratio } = shown.current;
    return pickLandmark(layout, landmarks, p.x, p.y, (pickReachPx * ratio) / scale);
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const hit = hitAt(pictureAt(event));
    grabbed.current = { x: event.clientX, y: event.clientY, hit };
    // A landmark is dragged, not the picture under it.
    if (hit) event.stopPropagation();
  };
  const onPointerUp = (event: PointerEvent) => {
    const start = grabbed.current;
    grabbed.current = null;
    if (!start) return;
    const isClick = Math.hypot(event.clientX - start.x, event.clientY - start.y) <= clickSlopPx;
    const place = pickPlace(layout, pictureAt(event).x, pictureAt(event).y);
    if (!place) {
      if (isClick) props.onMiss();
      return;
    }
    if (start.hit && !isClick && place.side === start.hit.side) props.onMove(start.hit.entry, place.side, place.at);
    else if (isClick) props.onPick(place);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const at = crosshair ?? { x: layout.size.width / 4, y: layout.size.height / 4 };
    const step = crosshairStepPx * (event.shiftKey ? 10 : 1);
    const moves: Readonly<Record<string, readonly [number, number] | undefined>> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const by = moves[event.key];
    if (by && event.altKey) setCrosshair({ x: at.x + by[0], y: at.y + by[1] });
    else if (event.key === 'Enter' && crosshair) {
      const place = pickPlace(layout, crosshair.x, crosshair.y);
      if (place) props.onPick(place);
    } else if (event.key === 'f') props.onFind();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      className="landmark-stage"
      data-testid="landmark-canvas"
      data-tall={layout.b.offset.x > 0}
      onPointerDownCapture={onPointerDown}
      onPointerUpCapture={onPointerUp}
      onKeyDownCapture={onKeyDown}
    >
      <PanZoomCanvas
        content={layout.size}
        paint={paint}
        label={`${names[0]} and ${names[1]} with ${landmarks.length} landmarks. Alt and arrows move a crosshair, Enter sets, f finds the partner`}
      />
    </div>
  );
}
