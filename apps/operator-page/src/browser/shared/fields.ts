import { element } from './dom.js';

let fields = 0;

/** Creates a label with a control below it. @param hint shown below the label and read with the control */
export function field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  fields++;
  control.id ||= `field-${fields}`;
  const parts: HTMLElement[] = [element('label', { for: control.id }, label)];
  if (hint !== undefined) {
    parts.push(element('small', { id: `${control.id}-hint` }, hint));
    control.setAttribute('aria-describedby', `${control.id}-hint`);
  }
  return element('div', { class: 'field' }, ...parts, control);
}

export function textInput(attributes: Readonly<Record<string, string>> = {}): HTMLInputElement {
  return element('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', ...attributes });
}

/** @param options value and text of each */
export function select(options: ReadonlyArray<readonly [value: string, text: string]>): HTMLSelectElement {
  return element('select', {}, ...options.map(([value, text]) => element('option', { value }, text)));
}

/** A group of check boxes. */
export class Choices {
  readonly root: HTMLFieldSetElement;
  readonly #boxes: HTMLInputElement[];

  /** @param choices value and explanation of each */
  constructor(legend: string, choices: ReadonlyArray<readonly [value: string, explanation: string]>) {
    this.#boxes = choices.map(([value]) => element('input', { type: 'checkbox', value }));
    const labels = choices.map(([value, explanation], at) => {
      const text = element(
        'span',
        {},
        element('code', {}, value),
        explanation === '' ? '' : ` ${explanation}`,
      );
      return element('label', {}, this.#boxes[at] ?? '', text);
    });
    this.root = element('fieldset', { class: 'choices' }, element('legend', {}, legend), ...labels);
  }

  get chosen(): string[] {
    return this.#boxes.filter(({ checked }) => checked).map(({ value }) => value);
  }
}

/** Returns the numbers in a text, separated by commas or blanks; those that are none stay texts, for the API to refuse. */
export function numbers(text: string): Array<number | string> {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Returns the time that a `datetime-local` field has, as ISO 8601; undefined if it is empty. */
export function timeOf({ value }: HTMLInputElement): string | undefined {
  return value === '' ? undefined : new Date(value).toISOString();
}
