/** Speaks to the lab's control socket. */
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';

export const LabAccounts = z.object({
  aws: z.array(z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })).min(1),
  gcp: z
    .array(
      z.looseObject({
        project_id: z.string(),
        client_email: z.string(),
        private_key: z.string(),
        token_uri: z.string(),
      }),
    )
    .min(1),
});
export type LabAccounts = z.infer<typeof LabAccounts>;

export const LabMachine = z.object({
  id: z.string(),
  name: z.string().nullable(),
  cloud: z.enum(['aws', 'gcp']),
  state: z.string(),
  privateAddress: z.string(),
  publicAddress: z.string().nullable(),
  console: z.string(),
  userDataExit: z.number().nullable(),
});
export type LabMachine = z.infer<typeof LabMachine>;

const RunResult = z.object({ exit: z.number(), stdout: z.string(), stderr: z.string() });

export interface LabControl {
  accounts(): Promise<LabAccounts>;
  machines(): Promise<LabMachine[]>;
  run(
    machineId: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<z.infer<typeof RunResult>>;
}

/** @param directory the lab's state directory, which holds `control.sock` */
export function openLab(directory: string): LabControl {
  const socketPath = join(directory, 'control.sock');
  const call = (method: string, path: string, timeoutSeconds: number, body?: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      const sent = request(
        {
          // A lab that was started again would answer on no connection of before.
          agent: false,
          socketPath,
          method,
          path,
          headers: { 'content-type': 'application/json' },
          timeout: timeoutSeconds * 1000,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode !== 200)
              reject(new Error(`The lab answered ${method} ${path} with ${response.statusCode}: ${text}`));
            else resolve(JSON.parse(text));
          });
        },
      );
      sent.on('timeout', () =>
        sent.destroy(new Error(`The lab did not answer ${method} ${path} in ${timeoutSeconds} s`)),
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    accounts: async () => LabAccounts.parse(await call('GET', '/accounts', 10)),
    machines: async () => z.array(LabMachine).parse(await call('GET', '/machines', 10)),
    run: async (machineId, command, timeoutSeconds) =>
      RunResult.parse(
        await call('POST', `/machines/${machineId}/run`, timeoutSeconds + 5, { command, timeoutSeconds }),
      ),
  };
}
