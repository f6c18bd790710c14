/** From one filter to the next by what differs alone: nftables takes longer for rules than for all else that a map asks. */
import { markOf, TABLE } from './render.ts';

/** A set or a chain, as `renderFilter` writes it. */
interface Block {
  kind: 'set' | 'chain';
  /** What it is: the set's type, the chain's hook; empty for a chain that others lead to. */
  head: string;
  /** A set's elements, or a chain's rules. */
  parts: readonly string[];
}

/**
 * One transaction for `nft -f -` that makes the filter `before`, which is in place, the filter `after`; it fails as a whole
 * where `before` is not there any more. Chains that differ are filled anew, sets by the elements that differ. Null where
 * that cannot be said, because a hook or a set's type differs: then the filter is to be replaced.
 */
export function renderFilterChange(before: string, after: string): string | null {
  const [old, next] = [blocksOf(before), blocksOf(after)];
  if (!old || !next) return null;
  const made: string[] = [];
  const emptied: string[] = [];
  const filled: string[] = [];
  const gone: string[] = [];
  for (const [name, { kind, head, parts }] of next) {
    const held = old.get(name);
    if (held && (held.kind !== kind || held.head !== head)) return null;
    if (!held && kind === 'chain' && head !== '') return null;
    if (!held) made.push(`add ${kind} ${TABLE} ${name}${head === '' ? '' : ` { ${head} }`}`);
    if (held?.parts.join('\n') === parts.join('\n')) continue;
    if (kind === 'set') {
      const [was, is] = [new Set(held?.parts), new Set(parts)];
      emptied.push(
        ...elements(
          'delete',
          name,
          [...was].filter((one) => !is.has(one)),
        ),
      );
      filled.push(
        ...elements(
          'add',
          name,
          [...is].filter((one) => !was.has(one)),
        ),
      );
    } else {
      if (held) emptied.push(`flush chain ${TABLE} ${name}`);
      filled.push(...parts.map((rule) => `add rule ${TABLE} ${name} ${rule}`));
    }
  }
  for (const [name, { kind, head }] of old) {
    if (next.has(name)) continue;
    if (kind === 'chain' && head !== '') return null;
    if (kind === 'chain') emptied.push(`flush chain ${TABLE} ${name}`);
    // A set can go only when no rule speaks of it any more, as a chain.
    gone.push(`delete ${kind} ${TABLE} ${name}`);
  }
  const mark = [`add chain ${TABLE} ${markOf(after)}`, `delete chain ${TABLE} ${markOf(before)}`];
  return `${[...mark, ...made, ...emptied, ...filled, ...gone].join('\n')}\n`;
}

function elements(verb: 'add' | 'delete', set: string, which: readonly string[]): string[] {
  return which.length === 0 ? [] : [`${verb} element ${TABLE} ${set} { ${which.join(', ')} }`];
}

/** Undefined where there is something else than sets and chains. */
function blocksOf(rules: string): Map<string, Block> | undefined {
  const blocks = new Map<string, Block>();
  let open: { kind: Block['kind']; name: string; lines: string[] } | undefined;
  for (const line of rules.split('\n').map((one) => one.trim())) {
    if (!open) {
      const [, kind, name] = /^(set|chain) (\S+) \{$/.exec(line) ?? [];
      if (!kind || !name) return undefined;
      open = { kind: kind as Block['kind'], name, lines: [] };
    } else if (line !== '}') open.lines.push(line);
    else {
      const isHead = (one: string) => one.startsWith('type ');
      const content = open.lines.filter((one) => !isHead(one));
      blocks.set(open.name, {
        kind: open.kind,
        head: open.lines.filter(isHead).join(' '),
        parts: open.kind === 'set' ? content.flatMap(elementsOf) : content,
      });
      open = undefined;
    }
  }
  return blocks;
}

/** Of a line `elements = { A, B }`. */
function elementsOf(line: string): string[] {
  return /^elements = \{ (.*) \}$/.exec(line)?.[1]?.split(', ') ?? [];
}
