/** Google's errors: the JSON its APIs refuse with. */

export interface ErrorDetail {
  message: string;
  domain: 'global' | 'usageLimits';
  reason: string;
  location?: string;
  locationType?: string;
}

const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** A refusal. Thrown inside `Section.change` it undoes the call's changes. */
export class GoogleError extends Error {
  readonly code: number;
  readonly reason: string;
  /**
   * Compute and Cloud DNS say only code, message and errors; `status` and `details` come from Google's front
   * door (credentials, permissions, payload), so only those refusals carry them here.
   */
  readonly front: boolean;
  readonly domain: ErrorDetail['domain'];
  readonly details: readonly unknown[];
  readonly location: Pick<ErrorDetail, 'location' | 'locationType'>;
  constructor(
    code: number,
    reason: string,
    message: string,
    options: {
      front?: boolean;
      domain?: ErrorDetail['domain'];
      details?: readonly unknown[];
      location?: Pick<ErrorDetail, 'location' | 'locationType'>;
    } = {},
  ) {
    super(message);
    this.name = 'GoogleError';
    this.code = code;
    this.reason = reason;
    this.front = options.front ?? false;
    this.domain = options.domain ?? 'global';
    this.details = options.details ?? [];
    this.location = options.location ?? {};
  }

  /** The answer's body. */
  toJSON(): { error: Record<string, unknown> } {
    const errors: ErrorDetail[] = [
      { message: this.message, domain: this.domain, reason: this.reason, ...this.location },
    ];
    const front = this.front ? { status: STATUS[this.code] ?? 'UNKNOWN' } : {};
    const details = this.details.length > 0 ? { details: this.details } : {};
    return { error: { code: this.code, message: this.message, errors, ...front, ...details } };
  }
}

export const notFound = (path: string) =>
  new GoogleError(404, 'notFound', `The resource '${path}' was not found`);
export const alreadyExists = (path: string) =>
  new GoogleError(409, 'alreadyExists', `The resource '${path}' already exists`);
export const notReady = (path: string) =>
  new GoogleError(400, 'resourceNotReady', `The resource '${path}' is not ready`);
export const required = (field: string) =>
  new GoogleError(400, 'required', `Required field '${field}' not specified`);
export const invalid = (field: string, value: unknown, why: string) =>
  new GoogleError(400, 'invalid', `Invalid value for field '${field}': '${String(value)}'. ${why}`);
export const fingerprintMismatch = (what: string) =>
  new GoogleError(412, 'conditionNotMet', `Supplied fingerprint does not match current ${what} fingerprint.`);
/** `kind` is Google's word, such as `subnetwork`. Both paths start with `projects/`. */
export const inUse = (kind: string, path: string, user: string) =>
  new GoogleError(400, 'resourceInUseByAnotherResource', inUseMessage(kind, path, user));
export const inUseMessage = (kind: string, path: string, user: string) =>
  `The ${kind} resource '${path}' is already being used by '${user}'`;
