/** A policy as text to be edited: JSON, with each rule and test on a line of its own where it fits. */
import { Policy } from '@skein/contract/rest/policy.ts';

const WIDTH = 100;

/** The policy without what it would be anyway. Reading the text again gives the same policy. */
export function policyText(policy: Policy): string {
  const { default: elsewhere, withinCluster, groups, rules, tests } = policy;
  const told = {
    default: elsewhere,
    withinCluster,
    ...(Object.keys(groups).length > 0 && { groups }),
    rules: rules.map(({ ports, ...rule }) => (ports.length > 0 ? { ...rule, ports } : rule)),
    tests,
  };
  return `${write(told, '')}\n`;
}

export type Read = { ok: true; policy: Policy } | { ok: false; problems: string[] };

/** Reads a policy from text; what is wrong is told with its place. */
export function readPolicy(text: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [`This is not JSON: ${error instanceof Error ? error.message : error}`] };
  }
  const parsed = Policy.safeParse(value);
  if (parsed.success) return { ok: true, policy: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.map((issue) => {
      const [kind, at, ...rest] = issue.path.map(String);
      const place =
        (kind === 'rules' || kind === 'tests') && at !== undefined
          ? [`${kind === 'rules' ? 'rule' : 'test'} ${Number(at) + 1}`, ...rest].join(' ')
          : issue.path.join(' ');
      return place === '' ? issue.message : `${place}: ${issue.message}`;
    }),
  };
}

/** JSON in one line where that fits, else its parts on lines of their own. */
function write(value: unknown, indent: string): string {
  const line = oneLine(value);
  const inner = `${indent}  `;
  if (value === null || typeof value !== 'object') return line;
  // The policy itself and its lists are always spread; a rule is a line.
  if (indent.length > 2 && indent.length + line.length <= WIDTH) return line;
  const parts = Array.isArray(value)
    ? value.map((item) => inner + write(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${write(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return parts.length === 0 ? open + close : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const parts = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
  return JSON.stringify(value);
}
