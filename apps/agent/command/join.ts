/** `skein-agent join`: makes the keys and enrols. */
import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import { enrol } from '../channel/enrol.ts';
import { AgentFailure } from '../failure.ts';
import type { Run } from '../host/command.ts';
import { firstUnderlayAddress, gatherFacts, underlayAddress } from '../host/facts.ts';
import { type Enrolment, readEnrolment, writeEnrolment } from '../state/enrolment.ts';
import { ensureKeys } from '../state/keys.ts';

/**
 * Joins, and answers words for the person. A node that is in already keeps its keys: a good token enrols it again
 * (the same node stays the same peer), a bad one changes nothing.
 * Throws `already-enrolled` (at another coordinator), `enrol-refused`, `unreachable`.
 */
export async function join(
  run: Run,
  input: {
    coordinatorUrl: string;
    token: string;
    name: string | undefined;
    /** What was found of Kubernetes on the node. */
    kubernetes?: KubernetesFacts | undefined;
  },
): Promise<string> {
  const held = await readEnrolment();
  const coordinatorUrl = input.coordinatorUrl.replace(/\/+$/, '');
  if (held && held.coordinatorUrl !== coordinatorUrl)
    throw new AgentFailure(
      'already-enrolled',
      `this node is ${held.name} of a network at ${held.coordinatorUrl}; let it leave first: skein-agent leave`,
    );
  const keys = await ensureKeys();
  const address = (await underlayAddress(coordinatorUrl)) ?? firstUnderlayAddress();
  const facts = {
    ...gatherFacts(await wireguardOf(run), address),
    ...(input.kubernetes && { kubernetes: input.kubernetes }),
  };
  const enrolled = await enrol(coordinatorUrl, input.token, keys, facts, input.name);
  if (enrolled.kind === 'refused') {
    if (held) return `kept as ${held.name}; the token was not needed (${enrolled.message})`;
    throw new AgentFailure('enrol-refused', enrolled.message);
  }
  const enrolment: Enrolment = { ...enrolled.answer, coordinatorUrl };
  await writeEnrolment(enrolment);
  return `joined as ${enrolment.name}`;
}

async function wireguardOf(run: Run): Promise<'kernel' | 'userspace'> {
  const probe = 'skein-probe';
  const made = await run('ip', ['link', 'add', 'dev', probe, 'type', 'wireguard']);
  if (made.ok) await run('ip', ['link', 'del', 'dev', probe]);
  return made.ok ? 'kernel' : 'userspace';
}
