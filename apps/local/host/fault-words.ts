/** The words of `./skein faults`, read into rules for the lab. Pure. */
import type { FaultRuleInput } from '@skein/lab/fault/rule.ts';

export const FAULTS_HELP = `Usage: ./skein faults [FAULT …] [--cloud aws|gcp|azure] [--service NAME] [--action NAME]
                      [--region NAME] [--changes] [--seed NUMBER]
       ./skein faults off

Makes the lab's clouds misbehave while ./skein up runs. Without a word it shows what is set and how
often it bit. New faults replace those before.

  throttle[=SHARE]       calls are refused for being too many: each, or that share of them (0.3)
  error[=SHARE]          calls fail with an internal error of the cloud
  lose-answer[=SHARE]    calls are executed, then the connection is cut
  stale=SECONDS          reads answer what was true so many seconds ago
  not-yet=SECONDS        changes do not find what was made within so many seconds
  delay=MILLISECONDS     each answer takes so much longer
  slow-operations=SECONDS  instances boot and operations end so much later
  region-down[=refuse]   calls are cut off, or refused with 503; with --region for one region
  quota[=LIMIT]          quotas are at most LIMIT, 0 unless given
  deny=PERMISSION        nobody has the permission, such as ec2:CreateVpc or compute.networks.*

  --cloud, --service, --action, --region   only these calls; * stands for anything
  --changes              only calls that change things
  --seed NUMBER          of the chance in SHARE; the same number gives the same faults`;

export type FaultWords =
  | { does: 'show' }
  | { does: 'clear' }
  | { does: 'set'; seed?: number; rules: FaultRuleInput[] };

/** @throws Error that says which word is wrong */
export function readFaultWords(words: readonly string[]): FaultWords {
  const scope: Omit<FaultRuleInput, 'fault' | 'when'> = {};
  const faults: string[] = [];
  let seed: number | undefined;
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) {
      faults.push(word);
      continue;
    }
    const [name = '', given] = word.slice(2).split(/=(.*)/s);
    if (name === 'changes') {
      scope.mutating = true;
      continue;
    }
    const value = given ?? rest.shift();
    if (value === undefined || value === '') throw new Error(`--${name} needs a value.`);
    if (name === 'cloud') {
      if (value !== 'aws' && value !== 'gcp' && value !== 'azure')
        throw new Error(`There is no cloud “${value}”: say aws, gcp or azure.`);
      scope.cloud = value;
    } else if (name === 'service' || name === 'action' || name === 'region') scope[name] = value;
    else if (name === 'seed') seed = wholeNumber('--seed', value);
    else throw new Error(`There is no option --${name}; see ./skein faults --help.`);
  }
  if (faults.length === 0) {
    if (words.length > 0)
      throw new Error('Say which fault, such as throttle=0.3; see ./skein faults --help.');
    return { does: 'show' };
  }
  if (faults.includes('off')) {
    if (words.length > 1) throw new Error('“off” stands alone: it clears all faults.');
    return { does: 'clear' };
  }
  return {
    does: 'set',
    ...(seed === undefined ? {} : { seed }),
    rules: faults.map((word) => ({ ...scope, ...readFault(word) })),
  };
}

function readFault(word: string): Pick<FaultRuleInput, 'fault' | 'when'> {
  const [kind = '', value] = word.split(/=(.*)/s);
  switch (kind) {
    case 'throttle':
    case 'error':
    case 'lose-answer':
      return value === undefined
        ? { fault: { kind } }
        : { when: { probability: share(kind, value) }, fault: { kind } };
    case 'stale':
    case 'not-yet':
    case 'slow-operations':
      return { fault: { kind, seconds: number(kind, value) } };
    case 'delay':
      return { fault: { kind, milliseconds: wholeNumber(kind, value) } };
    case 'region-down':
      if (value !== undefined && value !== 'cut' && value !== 'refuse')
        throw new Error(`region-down is cut or refuse, not “${value}”.`);
      return { fault: { kind, how: value ?? 'cut' } };
    case 'quota':
      return { fault: { kind, limit: value === undefined ? 0 : wholeNumber(kind, value) } };
    case 'deny':
      if (!value) throw new Error('deny needs permissions, such as deny=ec2:CreateVpc.');
      return { fault: { kind, permissions: value.split(',') } };
    default:
      throw new Error(`There is no fault “${kind}”; see ./skein faults --help.`);
  }
}

function number(name: string, value: string | undefined): number {
  const read = Number(value || Number.NaN);
  if (!Number.isFinite(read) || read < 0) throw new Error(`${name} needs a number, such as ${name}=2.`);
  return read;
}

function wholeNumber(name: string, value: string | undefined): number {
  const read = number(name, value);
  if (!Number.isInteger(read)) throw new Error(`${name} needs a whole number, not ${value}.`);
  return read;
}

function share(name: string, value: string): number {
  const read = number(name, value);
  if (read > 1) throw new Error(`${name} needs a share of the calls from 0 to 1, not ${value}.`);
  return read;
}
