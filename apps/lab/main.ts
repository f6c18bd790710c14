/**
 * The lab process: the clouds over the kernel. It runs inside the seal, as root of that place, and goes on from what
 * an earlier one left. SIGTERM, SIGINT and `POST /shutdown` on the control socket end it and every machine.
 */
import { join } from 'node:path';
import { readConfig } from './config.ts';
import { kernelRealiser } from './ground/realise.ts';
import { startLab } from './start.ts';

const PORTS = { aws: 7402, gcp: 7403, azure: 7404 };

const log = (line: string) => console.log(`lab: ${line}`);
const config = readConfig();
const directory = join(config.stateDirectory, 'lab');

const asked = Promise.withResolvers<string>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.resolve(signal));

const realiser = await kernelRealiser({
  directory: join(directory, 'ground'),
  log,
  ...(config.programs === null ? {} : { programs: config.programs }),
});
const lab = await startLab({ directory, realiser, ports: PORTS });
if (config.faults) {
  lab.faults.set(config.faults.rules, config.faults.seed);
  log(`misbehaves by ${config.faults.rules.length} rules`);
}
log(`AWS answers at ${lab.awsUrl}, Google Cloud at ${lab.gcpUrl}, Azure at ${lab.azureUrl}`);

const why = await Promise.race([asked.promise, lab.shutdown.then(() => 'the control API')]);
log(`ending, as ${why} asked`);
await lab.close();
await realiser.close();
log('ended');
