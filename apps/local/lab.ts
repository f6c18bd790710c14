/** Speaks to the lab's control socket. */
import { join } from 'node:path';
import { z } from 'zod';
import { callSocket } from './socket.ts';

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
  azure: z
    .array(
      z.object({
        tenantId: z.string(),
        subscriptionId: z.string(),
        clientId: z.string(),
        clientSecret: z.string(),
      }),
    )
    .min(1),
});
export type LabAccounts = z.infer<typeof LabAccounts>;

export const LabMachine = z.object({
  id: z.string(),
  name: z.string().nullable(),
  cloud: z.enum(['aws', 'gcp', 'azure']),
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
  return {
    accounts: async () => LabAccounts.parse(await callSocket(socketPath, 'GET', '/accounts', 10)),
    machines: async () => z.array(LabMachine).parse(await callSocket(socketPath, 'GET', '/machines', 10)),
    run: async (machineId, command, timeoutSeconds) =>
      RunResult.parse(
        await callSocket(socketPath, 'POST', `/machines/${machineId}/run`, timeoutSeconds + 5, {
          command,
          timeoutSeconds,
        }),
      ),
  };
}
