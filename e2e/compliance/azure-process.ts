/** A process that makes one instance in Azure and remembers its operations in a file, to be killed on the way. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Resume } from '@skein/clouds/provider.ts';
import { connectCloud } from '@skein/clouds/registry.ts';
import { context, provision } from './one-gateway.ts';
import { NO_IDENTITY } from './own-identity.ts';

const { endpoint, credentials, owner, file } = JSON.parse(process.argv[2] ?? '{}');
const tokens = async (): Promise<Record<string, string>> =>
  JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
const resume: Resume = {
  load: async (key) => (await tokens())[key],
  async save(key, token) {
    const { [key]: _, ...others } = await tokens();
    await writeFile(file, JSON.stringify(token === null ? others : { ...others, [key]: token }));
  },
};
const cloud = connectCloud('azure', { credentials, endpoint, region: 'westeurope', identity: NO_IDENTITY });
const { instance } = await provision(cloud, owner, { ...context(), resume }, 'Standard_B2s');
console.log(instance.externalId);
