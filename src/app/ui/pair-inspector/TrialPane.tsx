import { useEffect, useRef, useState } from 'react';
import { isAbort } from '../../../core/errors.ts';
import { applyAffine, type Affine2 } from '../../../core/geometry/affine2.ts';
import { transformModels, type PairResult, type TransformModel } from '../../../core/matching/link.ts';
import { matcherIds, type MatcherId, type PairOptions } from '../../../core/options.ts';
import type { ModelSource, PairTrial, StitchClient } from '../../../../workers/protocol.ts';
import { CheckField, NumberField, SelectField, SliderField } from '../Fields.tsx';
import { Terms } from '../Terms.tsx';
import { Tip } from '../Tip.tsx';

/** What trials of a pair need of the run. */
export interface TrialSetting {
  readonly options: PairOptions;
  readonly model: ModelSource;
}

interface TrialPaneProps {
  readonly client: Pick<StitchClient, 'tryPair'>;
  readonly result: PairResult;
  readonly setting: TrialSetting;
  /** Motion that trials are compared with, and where in b: the middle of the overlap. */
  readonly aFromB: Affine2;
  /** The trial whose matches the pictures show; null for the run's own. */
  readonly shown: PairResult | null;
  readonly onShow: (result: PairResult | null) => void;
}

type TrialState =
  | { readonly kind: 'running'; readonly note: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly trial: PairTrial };

const matcherNames: Readonly<Record<MatcherId, string>> = {
  loftr: 'LoFTR',
  sift: 'SIFT',
  'phase-correlation': 'Phase corr.',
};

/** The matchers side by side on this one pair, with options of its own; the run keeps what it has. */
export function TrialPane({ client, result, setting, aFromB, shown, onShow }: TrialPaneProps) {
  const [options, setOptions] = useState<PairOptions>(setting.options);
  const [trials, setTrials] = useState<Partial<Record<MatcherId, TrialState>>>({});
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = async (ids: readonly MatcherId[]) => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    const { signal } = controller;
    for (const matcher of ids) {
      const tell = (state: TrialState) => !signal.aborted && setTrials((all) => ({ ...all, [matcher]: state }));
      tell({ kind: 'running', note: 'matching' });
      const choice = { matcher, model: matcher === 'loftr' ? setting.model : null };
      try {
        const request = { choice, pair: result.pair, options };
        const trial = await client.tryPair(request, signal, ({ note }) => tell({ kind: 'running', note: note ?? '' }));
        tell({ kind: 'done', trial });
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  const isRunning = Object.values(trials).some((state) => state.kind === 'running');
  return (
    <section className="pair-pane pair-trials" aria-label="Matchers on this pair" data-testid="trial-pane">
      <header className="pair-pane-head">
        <h3>Matchers</h3>
        <button
          type="button"
          className="pair-button"
          data-testid="try-all"
          disabled={isRunning}
          onClick={() => void run(matcherIds)}
        >
          Try all three
        </button>
        {shown !== null && (
          <button type="button" className="pair-button" onClick={() => onShow(null)}>
            Show the run’s matches again
          </button>
        )}
      </header>
      <table aria-busy={isRunning}>
        <thead>
          <tr>
            {['Matcher', 'Verdict', 'Matches', 'Inliers', 'Conf.', 'Residual', 'Off by', 'Time', ''].map((label) => (
              <th key={label} scope="col">
                {label || <span className="visually-hidden">Try or show</span>}
                {label === 'Off by' && <Terms name="What “Off by” means" terms={[[label, offByMeaning]]} />}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <ResultRow name="In the run" result={result} aFromB={aFromB} elapsedMs={result.matchMs} />
          {matcherIds.map((id) => (
            <TrialRow
              key={id}
              name={matcherNames[id]}
              state={trials[id]}
              aFromB={aFromB}
              shown={shown}
              onRun={() => void run([id])}
              onShow={onShow}
            />
          ))}
        </tbody>
      </table>
      <OptionFields options={options} onChange={(change) => setOptions((before) => ({ ...before, ...change }))} />
    </section>
  );
}

const offByMeaning = 'How far this result puts the middle of the overlap from the positions that are shown';

interface TrialRowProps {
  readonly name: string;
  readonly state: TrialState | undefined;
  readonly aFromB: Affine2;
  readonly shown: PairResult | null;
  readonly onRun: () => void;
  readonly onShow: (result: PairResult | null) => void;
}

function TrialRow({ name, state, aFromB, shown, onRun, onShow }: TrialRowProps) {
  if (state?.kind === 'done') {
    const { result, matcher, elapsedMs } = state.trial;
    return (
      <ResultRow name={name} result={result} aFromB={aFromB} elapsedMs={elapsedMs}>
        <Tip text={`Its matches in the pictures; it ran on ${matcher.device}`} side="left">
          <button type="button" className="pair-button" aria-pressed={shown === result} onClick={() => onShow(result)}>
            Show
          </button>
        </Tip>
      </ResultRow>
    );
  }
  return (
    <tr>
      <th scope="row">{name}</th>
      <td colSpan={7} className="pair-trial-note">
        {state?.kind === 'running' && `${state.note || 'matching'}…`}
        {state?.kind === 'failed' && state.message}
      </td>
      <td>
        <button type="button" className="pair-button" disabled={state?.kind === 'running'} onClick={onRun}>
          Try
        </button>
      </td>
    </tr>
  );
}

interface ResultRowProps {
  readonly name: string;
  readonly result: PairResult;
  readonly aFromB: Affine2;
  readonly elapsedMs: number;
  readonly children?: React.ReactNode;
}

function ResultRow({ name, result, aFromB, elapsedMs, children }: ResultRowProps) {
  const link = result.kind === 'link' ? result : null;
  return (
    <tr data-testid="trial-result" data-verdict={result.kind}>
      <th scope="row">{name}</th>
      <td>
        {result.kind === 'link' ? (
          'link'
        ) : (
          <>
            rejected <Terms name={`Why ${name} found no link`} terms={[['Rejected', result.detail]]} />
          </>
        )}
      </td>
      <td>{result.correspondences.confidence.length}</td>
      <td>{link?.inliers ?? '–'}</td>
      <td>{link?.confidence.toFixed(2) ?? '–'}</td>
      <td>{link ? `${link.rmsPx.toFixed(2)} px` : '–'}</td>
      <td>{link ? `${distanceAt(link.moments.meanB, link.aFromB, aFromB).toFixed(1)} px` : '–'}</td>
      <td>{elapsedMs < 1000 ? `${Math.round(elapsedMs)} ms` : `${(elapsedMs / 1000).toFixed(1)} s`}</td>
      <td>{children}</td>
    </tr>
  );
}

/** How far two motions put a point of b apart, px. */
function distanceAt([x, y]: readonly [number, number], p: Affine2, q: Affine2): number {
  const one = applyAffine(p, x, y);
  const other = applyAffine(q, x, y);
  return Math.hypot(one.x - other.x, one.y - other.y);
}

const modelOptions = transformModels.map((model) => ({ value: model, label: model }));

interface OptionFieldsProps {
  readonly options: PairOptions;
  readonly onChange: (change: Partial<PairOptions>) => void;
}

/** How the next trial is matched; starts as the run did. */
function OptionFields({ options, onChange }: OptionFieldsProps) {
  return (
    <fieldset className="pair-trial-options" aria-label="Options of the trials">
      <SelectField<TransformModel>
        label="Motion"
        value={options.model}
        options={modelOptions}
        onChange={(model) => onChange({ model })}
      />
      <NumberField
        label="Inlier threshold, px"
        value={options.ransacPx}
        min={0.1}
        max={50}
        step="any"
        onChange={(ransacPx) => onChange({ ransacPx })}
      />
      <SliderField
        label="Least confidence"
        value={options.minConfidence ?? 0}
        min={0}
        max={0.95}
        step={0.05}
        text={options.minConfidence === null ? 'the matcher’s own' : options.minConfidence.toFixed(2)}
        onChange={(least) => onChange({ minConfidence: least === 0 ? null : least })}
      />
      <SliderField
        label="Margin round the overlap"
        value={options.marginFraction}
        min={0}
        max={2}
        step={0.1}
        text={`${Math.round(100 * options.marginFraction)} %`}
        onChange={(marginFraction) => onChange({ marginFraction })}
      />
      <CheckField label="Align at full resolution" checked={options.align} onChange={(align) => onChange({ align })} />
    </fieldset>
  );
}
