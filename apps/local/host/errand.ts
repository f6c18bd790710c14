/** Runs one command beside a whole Skein that stands for it alone, and ends with it. */
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { INSIDE } from '../config.ts';
import type { Stand } from '../inside/stand.ts';
import { startStand } from './stand.ts';

/**
 * @param errand its `directory` must not hold another stand
 * @returns the command's exit code; another than 0 too when the stand could not start or time ran out
 */
export async function runErrand(errand: {
  directory: string;
  command: readonly string[];
  limitSeconds: number;
  kubernetes?: Stand['kubernetes'];
}): Promise<number> {
  const stand = await startStand(
    {
      directory: errand.directory,
      lab: true,
      ports: INSIDE,
      databaseUrl: null,
      redisUrl: null,
      kubernetes: errand.kubernetes ?? null,
      publicUrl: `http://127.0.0.1:${INSIDE.web}`,
      coordinatorUrl: `http://${SERVICES.controlPlane}:${INSIDE.coordinator}`,
      errand: [...errand.command],
    },
    'inherit',
  );
  const limit = setTimeout(() => {
    console.error(`Not done within ${errand.limitSeconds} s: ending it.`);
    void stand.stop();
  }, errand.limitSeconds * 1000);
  const end = () => void stand.stop();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const code = await stand.ended;
  clearTimeout(limit);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  return code;
}
