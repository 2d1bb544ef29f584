import type { BrowserContext } from 'playwright';
import { everyNth, faultPoints, type FaultPoint } from '../../../src/core/testing/fault-plan.ts';
import type { SavedFile } from './browser-doors.ts';
import { browserFaultsAt, type BrowserFault } from './browser-faults.ts';
import { FaultyVisit, type VisitPlan } from './faulty-visit.ts';

/** Buttons of the formats that are swept. */
const everyFormat = ['tiff', 'ome-tiff', 'png', 'ome-zarr', 'dzi'] as const;
type Format = (typeof everyFormat)[number];

/** Where an export goes: into the browser's own storage and from there to a download, or into a file that was picked. */
const targets = ['download', 'picked'] as const;
type Target = (typeof targets)[number];

export interface ExportSweepReport {
  /** Exports in which a call failed. */
  readonly faulted: number;
  /** Exports under a quota that the browser itself kept. */
  readonly underQuota: number;
  /** Of these, those that were refused by the browser; the others had room. */
  readonly refused: number;
  readonly failures: readonly string[];
}

export interface ExportSweepOptions {
  readonly context: BrowserContext;
  readonly address: string;
  readonly plan: VisitPlan;
  /** One of so many points; all when 1. */
  readonly step: number;
  readonly seed: number;
  /** All when absent. */
  readonly formats?: readonly Format[];
  readonly onPoint?: (what: string, broken: readonly string[]) => void;
}

/** Doors of an export, on the thread that writes. */
const exportDoors = /^raster-1: (opfs|writable)/;
/** Quotas are tried in so many steps up to the size of the file. */
const quotaSteps = 12;
/** What the browser takes for the entry of a file. */
const ownBytes = 4096;

/**
 * Fails every write, truncation, flush and opening of an export in turn, and runs exports under quotas that end at each
 * twelfth of the file: what is handed out, or stands at the place that was picked, is whole, empty or absent.
 */
export async function sweepExports(options: ExportSweepOptions): Promise<ExportSweepReport> {
  const sum = { faulted: 0, underQuota: 0, refused: 0 };
  const failures: string[] = [];
  for (const target of targets) {
    const visit = await FaultyVisit.open(options.context, options.address, null, { picker: target === 'picked' });
    const { shown } = await visit.work(options.plan, { exports: false });
    if (shown.state !== 'done') throw new Error(`the exports have no mosaic: ${shown.errors.join()}`);
    for (const format of options.formats ?? everyFormat) {
      const subject = { visit, target, format, patienceMs: options.plan.patienceMs };
      const found = await sweepFormat(subject, options);
      failures.push(...found.failures);
      for (const key of ['faulted', 'underQuota', 'refused'] as const) sum[key] += found[key];
    }
    failures.push(...(await visit.unhandled()).map((error) => `${target}: nobody waited for ${error}`));
    await visit.close();
  }
  return { ...sum, failures };
}

interface Subject {
  readonly visit: FaultyVisit;
  readonly target: Target;
  readonly format: Format;
  readonly patienceMs: number;
}

async function sweepFormat(subject: Subject, options: ExportSweepOptions): Promise<ExportSweepReport> {
  const { visit, target, format } = subject;
  const sum = { faulted: 0, underQuota: 0, refused: 0 };
  const failures: string[] = [];
  const note = (what: string, broken: readonly string[]) => {
    options.onPoint?.(`${format} to ${target}, ${what}`, broken);
    failures.push(...broken.map((text) => `${format} to ${target}, ${what}: ${text}`));
  };
  await visit.disarm();
  await visit.forgetFiles();
  const whole = await exportOnce(subject);
  if (!whole.file) throw new Error(`${format} to ${target} cannot be exported: ${whole.errors.join()}`);
  const counts = new Map([...(await visit.counts())].filter(([door]) => exportDoors.test(door)));
  // What hangs ends with its worker: the sweep of whole runs tries it.
  const kinds = (door: string) => browserFaultsAt(door).filter((kind) => kind !== 'hang');
  const points = faultPoints(counts, kinds);
  for (const point of options.step === 1 ? points : everyNth(points, options.step, options.seed)) {
    sum.faulted++;
    note(
      pointText(point),
      await brokenBy(
        subject,
        whole.file,
        () => visit.arm(point),
        () => visit.disarm(),
      ),
    );
  }
  for (let step = 0; step < quotaSteps; step++) {
    // The file that stands for a picked one is made by the picker, which is no part of the app.
    const least = target === 'picked' ? ownBytes : 0;
    const room = least + Math.round((step / quotaSteps) * whole.file.size);
    let isRefused = false;
    const broken = await brokenBy(
      subject,
      whole.file,
      () => visit.leaveRoom(room),
      () => visit.leaveRoom(null),
      (said) => {
        isRefused = said.length > 0;
      },
    );
    sum.underQuota++;
    if (isRefused) sum.refused++;
    note(`with room for ${room} of ${whole.file.size} bytes`, broken);
  }
  return { ...sum, failures };
}

/** One export under a fault, and one after it. */
async function brokenBy(
  subject: Subject,
  whole: SavedFile,
  spoil: () => Promise<void>,
  mend: () => Promise<void>,
  onSaid: (errors: readonly string[]) => void = () => undefined,
): Promise<readonly string[]> {
  const broken: string[] = [];
  await subject.visit.forgetFiles();
  await spoil();
  const first = await exportOnce(subject);
  onSaid(first.errors);
  if (first.file && first.file.size !== 0 && first.file.hash !== whole.hash)
    broken.push(`${first.file.size} of ${whole.size} bytes look whole`);
  if (first.file?.hash !== whole.hash && first.errors.length === 0) broken.push('nothing is said');
  broken.push(...first.errors.filter((error) => !error.startsWith('write-failed')).map((error) => `said as ${error}`));
  await mend();
  const second = await exportOnce(subject);
  if (second.file?.hash !== whole.hash) broken.push(`the next export is not whole: ${second.errors.join(' / ')}`);
  return broken;
}

interface Exported {
  /** What was handed out, or what stands at the place that was picked; null for nothing. */
  readonly file: SavedFile | null;
  readonly errors: readonly string[];
}

async function exportOnce({ visit, target, format, patienceMs }: Subject): Promise<Exported> {
  await visit.dismissErrors();
  const isOver = await visit.pressExport(`export-${format}`, patienceMs);
  const { errors } = await visit.shown();
  const [file = null] = target === 'picked' ? await visit.picked() : await visit.saved();
  return { file, errors: isOver ? errors : [...errors, 'no end'] };
}

function pointText({ door, call, kind }: FaultPoint<BrowserFault>): string {
  return `${door} ${call} ${kind}`;
}
