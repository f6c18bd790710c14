/** Names, links and references: what Google accepts in requests and shows in answers. */
import { invalid, required } from './errors.ts';

const RFC1035 = '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)';
const NAME = new RegExp(`^${RFC1035}$`);

/**
 * Where links point. Google's own address and not the lab's, as with private endpoints of the real cloud: a link
 * stays the same whichever door the caller came through.
 */
export const COMPUTE_ROOT = 'https://www.googleapis.com/compute/v1/';
export const link = (path: string): string => COMPUTE_ROOT + path;

/** Checks a resource's name. @throws GoogleError `required` or `invalid`. */
export function checkName(name: string | undefined, field = 'resource.name'): string {
  if (name === undefined || name === '') throw required(field);
  if (!NAME.test(name)) throw invalid(field, name, `Must be a match of regex '${RFC1035}'`);
  return name;
}

/** Checks labels as Google does. @throws GoogleError `invalid`. */
export function checkLabels(labels: Record<string, string> | undefined): Record<string, string> {
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key))
      throw invalid(
        'resource.labels',
        key,
        'Label keys start with a lower-case letter and have at most 63 lower-case letters, digits, _ and -.',
      );
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value))
      throw invalid(
        'resource.labels',
        value,
        'Label values have at most 63 lower-case letters, digits, _ and -.',
      );
  }
  if (Object.keys(labels ?? {}).length > 64)
    throw invalid('resource.labels', '', 'There are at most 64 labels.');
  return labels ?? {};
}

/**
 * The path of a reference, from `projects/` on: a full link, `projects/…`, or a path within the caller's project
 * such as `global/networks/x` or `zones/z/machineTypes/t`.
 * @throws GoogleError `invalid` when it is none of them.
 */
export function referencePath(text: string, projectId: string, field: string): string {
  const path = text.replace(/^https?:\/\/[^/]+\/compute\/(?:v1|beta)\//, '').replace(/^\//, '');
  if (/^projects\/[^/]+\/(global|regions|zones)\/.+/.test(path)) return path;
  if (/^(global|regions|zones)\/.+/.test(path)) return `projects/${projectId}/${path}`;
  throw invalid(field, text, 'The URL is malformed.');
}

/** Last part of a reference whose path must match `pattern` (`*` stands for one part). */
export function referenceName(
  text: string,
  projectId: string,
  field: string,
  pattern: string,
): { path: string; name: string; scope: string } {
  const path = referencePath(text, projectId, field);
  const parts = path.split('/');
  const wanted = pattern.split('/');
  const fits = parts.length === wanted.length && wanted.every((part, i) => part === '*' || part === parts[i]);
  if (!fits) throw invalid(field, text, `The URL is malformed. Must be of the form ${pattern}`);
  return { path, name: parts.at(-1) ?? '', scope: parts.length > 5 ? (parts[3] ?? '') : '' };
}
