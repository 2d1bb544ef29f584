import { countText } from '../../core/count-text.ts';
import { editName } from '../../core/edits/edit.ts';
import type { ProjectFile } from '../../../workers/protocol.ts';
import { difference } from './plain-changes.ts';

/** What tells a record from a later one of the same files: what it decides otherwise, in words. */
export function distinctionOf(kept: ProjectFile, later: ProjectFile): string {
  const words = [
    ...optionWords(difference(kept.options, later.options), []),
    ...(difference(kept.layoutChoice, later.layoutChoice) === undefined ? [] : ['another layout']),
    ...(difference(kept.overlap, later.overlap) === undefined ? [] : [overlapWords(kept)]),
    ...(difference(kept.pages, later.pages) === undefined ? [] : ['other pages']),
    ...(kept.group === later.group ? [] : [kept.group === null ? 'all groups' : `group ${kept.group}`]),
    ...correctionWords(kept, later),
  ];
  return words.length === 0 ? 'an earlier copy' : `kept beside the latest: ${words.join(', ')}`;
}

/** Each option that is set otherwise, with the names that lead to it: `solve model rigid`. */
function optionWords(changed: unknown, path: readonly string[]): readonly string[] {
  if (changed === undefined) return [];
  if (typeof changed === 'object' && changed !== null && !Array.isArray(changed))
    return Object.entries(changed).flatMap(([name, value]) => optionWords(value, [...path, inWords(name)]));
  return [`${path.join(' ')} ${typeof changed === 'string' ? changed : JSON.stringify(changed)}`];
}

/** `marginFraction` as one reads it. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function overlapWords({ overlap }: ProjectFile): string {
  if (!overlap) return 'overlap of the layout';
  const [x, y] = [overlap.x, overlap.y].map((share) => `${Math.round(share * 100)} %`);
  return `overlap ${x} × ${y}`;
}

function correctionWords(kept: ProjectFile, later: ProjectFile): readonly string[] {
  const missingIn = (list: ProjectFile['corrections'], other: ProjectFile['corrections']) =>
    list.filter(
      ({ isOn, edit }) =>
        !other.some((one) => difference({ isOn, edit }, { isOn: one.isOn, edit: one.edit }) === undefined),
    );
  const [own, others] = [
    missingIn(kept.corrections, later.corrections),
    missingIn(later.corrections, kept.corrections),
  ];
  const more = own.length > 1 ? ` and ${countText(own.length - 1, 'more correction')}` : '';
  return [
    ...own.slice(0, 1).map(({ isOn, edit }) => `${editName(edit)}${isOn ? '' : ' (off)'}${more}`),
    ...(others.length > 0 ? [`without ${countText(others.length, 'correction')} of the latest`] : []),
  ];
}
