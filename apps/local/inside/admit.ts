/**
 * What a fresh stand needs before anybody can sign in: the demo's organization, an API token for this command, and the
 * one-time link by which the first person becomes the organization's owner.
 */
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { newId } from '@skein/contract/primitive.ts';
import { mintApiToken } from '@skein/control/api-token/mint.ts';
import type { Context } from '@skein/control/context.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { mintSetupLink } from '@skein/control/setup/mint-link.ts';
import { openDatabase } from '@skein/database/client.ts';
import { type Admission, admissionSocket } from '../admission.ts';

const SLUG = 'demo';
const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

/** Gives a new token and a new link each time; the link is null once somebody has used one. */
export async function admit(options: {
  databaseUrl: string;
  masterKeyFile: string;
  coordinatorUrl: string;
}): Promise<Admission> {
  const database = openDatabase(options.databaseUrl);
  try {
    const found = await database.organization.findUnique({
      where: { slug: SLUG },
      include: { members: true },
    });
    const organization =
      found ??
      (await database.organization.create({
        data: { id: newId('organization', random), name: 'Demo', slug: SLUG },
        include: { members: true },
      }));
    const context: Context = {
      database,
      actor: { kind: 'system', id: 'local', organizationId: organization.id },
      now: () => new Date(),
      random,
      sealer: createSealer(Buffer.from(readFileSync(options.masterKeyFile, 'utf8'), 'base64'), random),
      // Admits people, and opens no cloud.
      platform: { publicUrl: null, aws: null },
      coordinatorUrl: options.coordinatorUrl,
      wake: async () => {},
    };
    const { token } = await mintApiToken(context, { name: './skein', expiresInDays: 1 });
    const link =
      organization.members.length === 0
        ? await mintSetupLink(context, { organizationId: organization.id })
        : null;
    return { token, setupLink: link?.secret ?? null };
  } finally {
    await database.$disconnect();
  }
}

/** Answers whoever may open the socket with an admission. Resolves once it listens. */
export async function serveAdmissions(directory: string, make: () => Promise<Admission>): Promise<void> {
  const path = admissionSocket(directory);
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    request.resume();
    make().then(
      (admission) => response.end(JSON.stringify(admission)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? error.message : String(error));
      },
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
}
