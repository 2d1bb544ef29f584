import { Gauge } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { deviceTestGrid, isGridRight, toleratedPx } from '../../core/evaluation/device-test.ts';
import type { CheckedDevice } from '../state/job.ts';
import { useApp, useAppState } from './app-context.ts';
import { pxText, secondsText, verdictText } from './check-text.ts';
import { placeText, rungText, webgpuText } from './rung-text.ts';
import './evaluate-matcher.css';

const { rows, columns, overlap, noiseSigma } = deviceTestGrid;

/** A button that stitches a grid with known truth on the user's own device, and what the last check found. */
export function EvaluateMatcher() {
  const { jobs } = useApp();
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const isTesting = useAppState(({ job }) => job.current.kind === 'running' && job.current.task === 'evaluate');
  const tested = useAppState(({ job }) => job.deviceTest);
  const panel = useRef<HTMLDivElement>(null);
  const wasTesting = useRef(false);
  useEffect(() => {
    // What was waited for is seen without scrolling.
    if (!isTesting && wasTesting.current) panel.current?.scrollIntoView({ block: 'nearest' });
    wasTesting.current = isTesting;
  }, [isTesting]);
  return (
    <div className="evaluate" data-testid="evaluate" ref={panel}>
      <p className="row">
        <button type="button" data-testid="test-matcher" disabled={isRunning} onClick={() => void jobs.testMatcher()}>
          <Gauge aria-hidden="true" /> Check this browser
        </button>
        <span className="dim">
          {isTesting
            ? 'Stitching the test grid; the bar at the top counts'
            : `Stitches ${rows * columns} made-up tiles with known places; about ten seconds`}
        </span>
      </p>
      {tested && !isTesting && <CheckReport tested={tested} />}
    </div>
  );
}

function CheckReport({ tested }: { readonly tested: CheckedDevice }) {
  const { report, matcher, picture } = tested;
  const { tiles, tileSide, worstPx, medianPx, pairs, apartPairs, rightLinks, falseLinks } = report;
  const isRight = isGridRight(report);
  return (
    <section className="evaluate-report" aria-label="Check of this browser" data-testid="evaluate-report">
      <p className="verdict" data-testid="evaluate-verdict" data-right={isRight} role="status">
        {verdictText(report, matcher)}
      </p>
      <div className="evaluate-found">
        <Picture picture={picture} />
        <dl>
          <Fact name="Worst tile" value={pxText(worstPx)} isBad={!(worstPx <= toleratedPx)} testId="evaluate-worst" />
          <Fact name="Median tile" value={pxText(medianPx)} testId="evaluate-median" />
          <Fact
            name="Links"
            value={`${rightLinks} of ${pairs} right`}
            isBad={rightLinks < pairs}
            testId="evaluate-links"
          />
          <Fact
            name="False links"
            value={falseLinks === 0 ? `none; ${apartPairs} pairs of other places were refused` : `${falseLinks}`}
            isBad={falseLinks > 0}
            testId="evaluate-false"
          />
          <Fact name="Time a pair" value={timeText(report.matchMs)} testId="evaluate-time" />
          <Fact name="Runs on" value={placeText(matcher)} testId="evaluate-rung" />
          <Fact name="WebGPU" value={webgpuText(matcher)} testId="evaluate-webgpu" />
        </dl>
      </div>
      <p className="dim">
        {rungText(matcher)}; {tiles} tiles of {tileSide} × {tileSide} px, {Math.round(100 * overlap.x)} % overlap, noise
        of {noiseSigma} grey levels; {secondsText(report.elapsedMs)} in all. Errors are those of a tile’s corners, after
        the best rigid motion of the whole.
      </p>
    </section>
  );
}

/** The mosaic of the check. */
function Picture({ picture }: { readonly picture: ImageBitmap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext('2d')?.drawImage(picture, 0, 0);
  }, [picture]);
  return (
    <canvas ref={canvas} width={picture.width} height={picture.height} role="img" aria-label="The stitched test grid" />
  );
}

interface FactProps {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
  readonly testId: string;
}

function Fact({ name, value, isBad, testId }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isBad ? 'warn-text' : ''} data-testid={testId}>
        {value}
      </dd>
    </div>
  );
}

function timeText(ms: number): string {
  const aMinute = 60_000 / ms;
  return `${secondsText(ms)}, about ${aMinute < 10 ? aMinute.toFixed(1) : Math.round(aMinute)} pairs a minute`;
}
