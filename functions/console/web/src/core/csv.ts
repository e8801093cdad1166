// Tables as CSV files (RFC 4180), which spreadsheets open.

/**
 * Writes rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe
 * before it: names come from other people. Text with a character that separates cells in some
 * languages is quoted.
 */
export function csv(rows: (string | number | null)[][]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",;\t\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
