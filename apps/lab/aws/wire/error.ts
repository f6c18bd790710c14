/** The AWS wire: errors, signatures, the query protocol's parameters, XML. This is the errors. */

/** A refusal in AWS's own words. Its code and HTTP status are those of the real service. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
  }
}
