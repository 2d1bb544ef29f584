import { Gauge } from 'lucide-react';
import type { MatcherStatus } from '../../../workers/protocol.ts';
import { deviceTestNoise, deviceTestOverlap, type DeviceTest } from '../../core/evaluation/device-test.ts';
import { useApp, useAppState } from './app-context.ts';
import { rungSentence, rungText } from './rung-text.ts';
import './evaluate-matcher.css';

/** A button that tests the chosen matcher on the user's own device, and what the last test found. */
export function EvaluateMatcher() {
  const { jobs } = useApp();
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const isTesting = useAppState(({ job }) => job.current.kind === 'running' && job.current.task === 'evaluate');
  const tested = useAppState(({ job }) => job.deviceTest);
  return (
    <div className="evaluate" data-testid="evaluate">
      <p className="row">
        <button type="button" data-testid="test-matcher" disabled={isRunning} onClick={() => void jobs.testMatcher()}>
          <Gauge size={16} aria-hidden="true" /> Check this browser
        </button>
        <span className="dim">
          {isTesting ? 'Testing …' : 'Matches made-up tissue with known positions; up to a minute'}
        </span>
      </p>
      {tested && !isTesting && <TestReport report={tested.report} matcher={tested.matcher} />}
    </div>
  );
}

function TestReport({ report, matcher }: { readonly report: DeviceTest; readonly matcher: MatcherStatus }) {
  const { pairs, disjointPairs, tileSide, rightLinks, falseLinks } = report;
  return (
    <section className="evaluate-report" aria-label="Check of this browser" data-testid="evaluate-report">
      <p className="dim">
        {rungText(matcher)}; tiles of {tileSide} × {tileSide} px, {Math.round(100 * deviceTestOverlap)} % overlap, noise
        of {deviceTestNoise} grey levels
      </p>
      <dl>
        <Fact name="Time a pair" value={timeText(report.matchMs)} testId="evaluate-time" />
        <Fact
          name="Links found"
          value={`${rightLinks} of ${pairs} neighbours`}
          isBad={rightLinks < pairs}
          testId="evaluate-links"
        />
        <Fact name="Accuracy" value={accuracyText(report)} testId="evaluate-accuracy" />
        <Fact
          name="False links"
          value={falseLinks === 0 ? `none; ${disjointPairs} pairs showed different places` : `${falseLinks}`}
          isBad={falseLinks > 0}
          testId="evaluate-false"
        />
        <Fact name="Runs on" value={rungSentence(matcher)} testId="evaluate-rung" />
      </dl>
    </section>
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
  const each = ms < 995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  return `${each}, about ${aMinute < 10 ? aMinute.toFixed(1) : Math.round(aMinute)} pairs a minute`;
}

function accuracyText({ cornerErrorPx }: DeviceTest): string {
  return Number.isFinite(cornerErrorPx)
    ? `half of the pairs are right to ${cornerErrorPx.toFixed(2)} px at the corners`
    : 'fewer than half of the pairs were found';
}
