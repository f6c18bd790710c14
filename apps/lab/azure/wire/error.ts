/** Errors as Azure Resource Manager says them. */

export interface ArmDetail {
  code: string;
  message: string;
  target?: string;
}

/** A refusal: thrown by handlers, rendered by the pipeline. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly ArmDetail[];
  readonly target: string | null;
  /** Sent as Retry-After. */
  readonly retryAfterSeconds: number | null;
  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: readonly ArmDetail[]; target?: string; retryAfterSeconds?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = more.details ?? [];
    this.target = more.target ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
  body(): { error: Record<string, unknown> } {
    return {
      error: {
        code: this.code,
        message: this.message,
        ...(this.target === null ? {} : { target: this.target }),
        ...(this.details.length === 0 ? {} : { details: this.details }),
      },
    };
  }
}

export const groupNotFound = (group: string) =>
  new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);

/** @param path as in `Microsoft.Network/virtualNetworks/net` */
export const resourceNotFound = (path: string, group: string) =>
  new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${path}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );

export const parentNotFound = (child: string, parent: string) =>
  new ArmError(
    404,
    'ParentResourceNotFound',
    `Failed to perform 'write' on resource(s) of type '${child}', because the parent resource '${parent}' could not be found.`,
  );

/** Whether a refusal says that something does not exist (yet). */
export const isMissing = (error: unknown): boolean =>
  error instanceof ArmError && (error.status === 404 || error.code === 'InvalidResourceReference');
