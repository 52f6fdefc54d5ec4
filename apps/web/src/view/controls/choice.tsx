/** One of a few numbers, by their names. */
export function Choice({
  label,
  value,
  choices,
  onChoose,
}: {
  label: string;
  value: number;
  choices: ReadonlyArray<readonly [value: number, name: string]>;
  onChoose: (value: number) => void;
}) {
  return (
    <label class="field choice">
      {label}
      <select value={value} onChange={({ currentTarget }) => onChoose(Number(currentTarget.value))}>
        {choices.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
