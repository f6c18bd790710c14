import { z } from 'zod';
import type { StepHandler } from '../../engine/step-run.ts';
import { factsOf, k3sSiteOf } from './cluster-api.ts';
import { until } from './until.ts';

const Version = z.object({ gitVersion: z.string() });

/** Kind `kubernetes-server`: waits until the API server answers its node's agent, with the release that was asked for. */
export const awaitServer: StepHandler = async (run) => {
  let version = '';
  await until(run, async () => {
    const { server, api, cluster, kubernetes } = await k3sSiteOf(run);
    const facts = factsOf(server);
    if (!facts?.answers)
      return {
        waitingFor: `the agent of ${server.name} to find the API server`,
        code: 'kubernetes-absent',
        message: `${server.name} has joined, but no API server answers on it${facts?.problem ? `: ${facts.problem}` : ''}.`,
        remedy: `Look at k3s on ${server.name} (journalctl -u k3s) and at the console output of its first boot, then retry this step.`,
      };
    await api.get('/readyz', z.unknown());
    version = (await api.get('/version', Version))?.gitVersion ?? '';
    if (version === kubernetes.version) return null;
    return {
      waitingFor: `${kubernetes.version} on ${server.name}, which has ${version}`,
      code: 'kubernetes-version',
      message: `The API server of ${cluster.name} is ${version}, and ${kubernetes.version} was asked for.`,
      remedy: `Look at what the install script of k3s said on ${server.name}, then retry this step.`,
    };
  });
  run.log(`The API server answers: ${version}.`);
  return { version };
};
