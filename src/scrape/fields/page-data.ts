export type DataValue = string | number | null | DataValue[] | { [name: string]: DataValue };

/** What a page lacks of what was asked for. */
export interface DataProblem {
  /** The path of the value, such as `items.0.price`. */
  path: string;
  code: 'missing' | 'invalid';
  message: string;
}

export interface PageData {
  data: { [name: string]: DataValue };
  errors: DataProblem[];
}
