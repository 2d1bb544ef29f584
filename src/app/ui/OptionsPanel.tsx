import { transformModels, type TransformModel } from '../../core/matching/link.ts';
import {
  blendModes,
  topmostChoices,
  type BlendMode,
  type ComposeOptions,
  type Interpolation,
  type Topmost,
} from '../../core/mosaic/mosaic.ts';
import { matcherIds, type MatcherId, type PairOptions, type StitchOptions } from '../../core/options.ts';
import type { SolveOptions } from '../../core/graph/pose-graph.ts';
import { useApp, useAppState } from './app-context.ts';
import { EvaluateMatcher } from './EvaluateMatcher.tsx';
import { CheckField, NumberField, Section, SelectField, SliderField } from './Fields.tsx';

const matcherLabels: Readonly<Record<MatcherId, string>> = {
  loftr: 'LoFTR (learned)',
  sift: 'SIFT',
  'phase-correlation': 'Phase correlation (shifts only)',
};

const modelLabels: Readonly<Record<TransformModel, string>> = {
  translation: 'Translation',
  rigid: 'Rigid',
  similarity: 'Similarity',
  affine: 'Affine',
};

const blendLabels: Readonly<Record<BlendMode, string>> = {
  feather: 'Feather',
  average: 'Average',
  overlay: 'Overlay (whole tiles)',
  none: 'None (hard cut)',
  seam: 'Seam (cut where tiles differ least)',
  multiband: 'Multiband (seam, faded band by band)',
};

const topmostLabels: Readonly<Record<Topmost, string>> = {
  first: 'First file on top',
  last: 'Last file on top',
  rows: 'Row by row',
  dose: 'First exposed on top (least dose)',
};

const interpolationLabels: Readonly<Record<Interpolation, string>> = { bilinear: 'Bilinear', bicubic: 'Bicubic' };

/** Worst-link removal when it is switched on again. */
const usualRemoval = { timesMean: 2.5, minPx: 3.5 };
/** Where the confidence slider starts when it leaves the matcher's own value. */
const usualConfidence = 0.2;

const choices = <T extends string>(values: readonly T[], labels: Readonly<Record<T, string>>) =>
  values.map((value) => ({ value, label: labels[value] }));

/** Everything that can be turned; the defaults are meant to be left alone. */
export function OptionsPanel() {
  const { jobs } = useApp();
  const options = useAppState(({ project }) => project.edits.options);
  const set = (label: string, change: Partial<StitchOptions>) => jobs.setOptions(label, { ...options, ...change });
  return (
    <Section
      title="Options"
      summary={`${matcherLabels[options.matcher]}, ${options.solve.elastic ? 'elastic' : options.solve.model}, ${options.compose.blend}`}
      testId="options-panel"
    >
      <SelectField
        label="Matcher"
        value={options.matcher}
        options={choices(matcherIds, matcherLabels)}
        onChange={(matcher) => set('matcher', { matcher })}
      />
      {options.matcher === 'loftr' && <ModelChoice />}
      <EvaluateMatcher />
      <SolveFields
        solve={options.solve}
        onChange={(name, change) => set(`solve ${name}`, { solve: { ...options.solve, ...change } })}
      />
      <ComposeFields
        compose={options.compose}
        onChange={(name, change) => set(`compose ${name}`, { compose: { ...options.compose, ...change } })}
      />
      <PairFields
        pair={options.pair}
        onChange={(name, change) => set(`pair ${name}`, { pair: { ...options.pair, ...change } })}
      />
    </Section>
  );
}

function ModelChoice() {
  const { jobs } = useApp();
  const ownModel = useAppState(({ project }) => project.ownModel);
  return (
    <div className="field">
      <label htmlFor="own-model">Own model: manifest.json and its .onnx files</label>
      <input
        id="own-model"
        type="file"
        multiple
        accept=".json,.onnx"
        data-testid="own-model"
        onChange={({ target }) => jobs.setOwnModel(target.files?.length ? Array.from(target.files) : null)}
      />
      {ownModel && (
        <button type="button" onClick={() => jobs.setOwnModel(null)}>
          Back to the model of the app
        </button>
      )}
    </div>
  );
}

interface FieldsProps<T> {
  readonly onChange: (name: keyof T & string, change: Partial<T>) => void;
}

/** An elastic solution starts from the affine one and needs the patches. */
function solveOf(model: TransformModel | 'elastic'): Partial<SolveOptions> {
  return model === 'elastic'
    ? { model: 'affine', refine: true, elastic: true }
    : { model, refine: false, elastic: false };
}

function SolveFields({ solve, onChange }: FieldsProps<SolveOptions> & { readonly solve: SolveOptions }) {
  const { removal } = solve;
  return (
    <>
      <SelectField
        label="Transform of a tile"
        value={solve.elastic ? 'elastic' : solve.model}
        options={[...choices(transformModels, modelLabels), { value: 'elastic', label: 'Elastic' } as const]}
        hint="Changes are solved again at once from the links there are; elastic bends tiles to fit and looks at the pixels again"
        onChange={(model) => onChange('model', solveOf(model))}
      />
      {!solve.elastic && (
        <CheckField
          label="Refine patches at full resolution"
          checked={solve.refine === true}
          onChange={(refine) => onChange('refine', { refine })}
        />
      )}
      <CheckField
        label="Remove the worst links"
        checked={removal !== null}
        onChange={(on) => onChange('removal', { removal: on ? usualRemoval : null })}
      />
      {removal && (
        <>
          <SliderField
            label="… above this many times the mean residual"
            value={removal.timesMean}
            min={1}
            max={8}
            step={0.1}
            text={`${removal.timesMean.toFixed(1)} ×`}
            onChange={(timesMean) => onChange('removal', { removal: { ...removal, timesMean } })}
          />
          <SliderField
            label="… and above"
            value={removal.minPx}
            min={0.5}
            max={20}
            step={0.5}
            text={`${removal.minPx.toFixed(1)} px`}
            onChange={(minPx) => onChange('removal', { removal: { ...removal, minPx } })}
          />
        </>
      )}
      <SliderField
        label="Residual a link is trusted to"
        value={solve.robustScalePx}
        min={0.5}
        max={10}
        step={0.5}
        text={`${solve.robustScalePx.toFixed(1)} px`}
        hint="Scale of the robust loss: links that fit worse count less"
        onChange={(robustScalePx) => onChange('robustScalePx', { robustScalePx })}
      />
    </>
  );
}

function ComposeFields({ compose, onChange }: FieldsProps<ComposeOptions> & { readonly compose: ComposeOptions }) {
  return (
    <>
      <SelectField
        label="Blend"
        value={compose.blend}
        options={choices(blendModes, blendLabels)}
        onChange={(blend) => onChange('blend', { blend })}
      />
      {compose.blend === 'overlay' && (
        <SelectField
          label="On top"
          value={compose.topmost}
          options={choices(topmostChoices, topmostLabels)}
          hint="The tile that was exposed first shows the least beam damage"
          onChange={(topmost) => onChange('topmost', { topmost })}
        />
      )}
      <SelectField
        label="Interpolation"
        value={compose.interpolation}
        options={choices(['bilinear', 'bicubic'], interpolationLabels)}
        onChange={(interpolation) => onChange('interpolation', { interpolation })}
      />
      <CheckField
        label="Even out brightness and contrast of tiles"
        checked={compose.evenTones}
        onChange={(evenTones) => onChange('evenTones', { evenTones })}
      />
      <NumberField
        label="Value of empty canvas"
        value={compose.fill}
        step="any"
        onChange={(fill) => onChange('fill', { fill })}
      />
    </>
  );
}

function PairFields({ pair, onChange }: FieldsProps<PairOptions> & { readonly pair: PairOptions }) {
  const { minConfidence } = pair;
  return (
    <>
      <h2>Matching (needs a new run)</h2>
      <CheckField
        label="Lowest confidence as the matcher has it"
        checked={minConfidence === null}
        onChange={(own) => onChange('minConfidence', { minConfidence: own ? null : usualConfidence })}
      />
      {minConfidence !== null && (
        <SliderField
          label="Lowest confidence"
          value={minConfidence}
          min={0}
          max={1}
          step={0.01}
          text={minConfidence.toFixed(2)}
          onChange={(value) => onChange('minConfidence', { minConfidence: value })}
        />
      )}
      <SliderField
        label="Inlier distance"
        value={pair.ransacPx}
        min={0.5}
        max={15}
        step={0.5}
        text={`${pair.ransacPx.toFixed(1)} px`}
        hint="A match farther than this from the common motion is an outlier"
        onChange={(ransacPx) => onChange('ransacPx', { ransacPx })}
      />
      <SliderField
        label="Search margin round the overlap"
        value={pair.marginFraction}
        min={0}
        max={2}
        step={0.05}
        text={`${Math.round(pair.marginFraction * 100)} %`}
        hint="Room for errors of the stage, as a share of the overlap"
        onChange={(marginFraction) => onChange('marginFraction', { marginFraction })}
      />
      <CheckField
        label="Align matches at full resolution"
        checked={pair.align}
        onChange={(align) => onChange('align', { align })}
      />
      <SelectField
        label="Motion between two tiles"
        value={pair.model}
        options={choices(transformModels, modelLabels)}
        onChange={(model) => onChange('model', { model })}
      />
    </>
  );
}
