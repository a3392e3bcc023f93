// Numbers, times and names as a person reads them.
Stash2Plex.define("words", () => {
  const numbers = new Intl.NumberFormat("en");
  const relatives = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

  /** @type {[number, Intl.RelativeTimeFormatUnit][]} Each unit with the seconds from which on it is used. */
  const UNITS = [
    [365 * 86400, "year"],
    [30 * 86400, "month"],
    [7 * 86400, "week"],
    [86400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];

  /** @type {Parts["words"]["count"]} */
  const count = (number) => (number === null ? "–" : numbers.format(number));

  /** @type {Parts["words"]["countOf"]} */
  const countOf = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

  /** @type {Parts["words"]["relative"]} */
  function relative(at, now) {
    const seconds = at - now;
    const unit = UNITS.find(([size]) => Math.abs(seconds) >= size);
    if (unit === undefined) return seconds > 1 ? "in a moment" : "a moment ago";
    return relatives.format(Math.trunc(seconds / unit[0]), unit[1]);
  }

  /** @type {Parts["words"]["exact"]} */
  const exact = (at) => moments.format(new Date(at * 1000));

  /** @type {Parts["words"]["shortened"]} */
  function shortened(text, limit) {
    if (text.length <= limit) return text;
    // Half of a character that is written as two (an emoji) would show as a box.
    return `${text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, "")}…`;
  }

  /** @type {Parts["words"]["valueInWords"]} */
  function valueInWords(value) {
    if (Array.isArray(value)) return value.join(", ");
    return value === null ? "" : String(value);
  }

  return { count, countOf, relative, exact, shortened, valueInWords };
});
