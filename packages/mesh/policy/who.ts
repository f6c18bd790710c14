/** Who may begin something with whom, pair by pair. */
import type { Policy, PolicyAnswer } from '@skein/contract/rest/policy.ts';
import { compareText, type Snapshot } from '../network.ts';
import { decide, endsIn, type Flow, isMeant, isSameEnd } from './decide.ts';
import { nameOf } from './words.ts';

/** Pairs that are told at most. */
const MOST_PAIRS = 500;

/** What is decided between all that one selector means and all that another does, ordered by name. */
export function whoReaches(
  snapshot: Snapshot,
  policy: Policy,
  asked: Flow & { readonly from: string; readonly to: string },
): PolicyAnswer {
  const ends = [...snapshot.parts.values()].flatMap(endsIn).sort((a, b) => compareText(nameOf(a), nameOf(b)));
  const meant = (text: string) => ends.filter((end) => isMeant(policy, [text], end));
  const pairs: PolicyAnswer['pairs'] = [];
  const targets = meant(asked.to);
  for (const from of meant(asked.from))
    for (const to of targets) {
      if (isSameEnd(from, to)) continue;
      if (pairs.length === MOST_PAIRS) return { pairs, more: true };
      pairs.push({ from: nameOf(from), to: nameOf(to), decision: decide(policy, from, to, asked) });
    }
  return { pairs, more: false };
}
