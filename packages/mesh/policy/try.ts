/** Tests of a policy: what must hold between all of one side and all of the other. */
import type { Policy, PolicyTestResult } from '@skein/contract/rest/policy.ts';
import type { Snapshot } from '../network.ts';
import { classesOf, type PeerClass, pairsOf } from './classes.ts';
import { decide, isMeant } from './decide.ts';
import { decisionWords, flowWords, nameOf } from './words.ts';

/** How the tests of a policy come out in a network. One that means no pair of peers shows nothing, and fails. */
export function tryPolicy(snapshot: Snapshot, policy: Policy): PolicyTestResult[] {
  const sides = policy.tests.flatMap((test) => [test.from, test.to]);
  const classes = classesOf(snapshot, [policy], sides);
  const meant = (text: string) => classes.filter((one: PeerClass) => isMeant(policy, [text], one.ends[0]));
  return policy.tests.map((test, index) => {
    const [from, to] = [meant(test.from), meant(test.to)];
    const nobody = from.length === 0 ? test.from : to.length === 0 ? test.to : null;
    if (nobody !== null)
      return {
        index,
        passed: false,
        message: `${nobody} means no peer that has joined and no range: this shows nothing`,
      };
    const flow = { protocol: test.protocol, port: test.port ?? null };
    let pairs = 0;
    for (const [one, other] of pairsOf(from, to)) {
      pairs += 1;
      const decision = decide(policy, one, other, flow);
      if (decision.verdict !== test.expect)
        return {
          index,
          passed: false,
          message: `${nameOf(one)} to ${nameOf(other)}, ${flowWords(flow)}: ${decisionWords(decision)}`,
        };
    }
    if (pairs === 0)
      return { index, passed: false, message: 'both sides are the same one end: this shows nothing' };
    const words = test.expect === 'allow' ? 'allowed' : 'denied';
    return { index, passed: true, message: `${test.from} to ${test.to}, ${flowWords(flow)}: ${words}` };
  });
}
