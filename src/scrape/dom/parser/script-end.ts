const MARKER = /<!--|-->|<(\/?)script(?=[\s/>])/gi;

/**
 * Finds where a script ends. After `<!--` and `<script` its first end tag does not end it, until
 * `-->` (HTML Standard, 13.2.5.28, "script data double escaped state"). Reads each script once.
 */
export class ScriptEnd {
  #start = -1;
  #read = 0;
  #state: 'plain' | 'escaped' | 'double-escaped' = 'plain';

  /**
   * Whether the end tag at `end` ends the script whose text begins at `start`. Ends come in order.
   */
  endsAt(source: string, start: number, end: number): boolean {
    if (start !== this.#start) {
      this.#start = this.#read = start;
      this.#state = 'plain';
    }
    const text = source.slice(this.#read, end);
    this.#read = end;
    for (const [marker, slash] of text.matchAll(MARKER)) {
      if (marker === '-->') this.#state = 'plain';
      else if (marker === '<!--') this.#state = this.#state === 'plain' ? 'escaped' : this.#state;
      else if (slash === '' && this.#state === 'escaped') this.#state = 'double-escaped';
    }
    if (this.#state !== 'double-escaped') return true;
    this.#state = 'escaped';
    return false;
  }
}
