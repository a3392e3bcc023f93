"""What can be told of a page without looking at it: what reaches over its edge, and what is hard to read."""

# Elements over the window's right edge that cannot be scrolled to within a box of their own.
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (one) => one && one !== document.body &&
    (["auto", "scroll"].includes(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  return [...document.querySelectorAll("#root *")]
    .filter((one) => one.getClientRects().length && one.getBoundingClientRect().right > width + 1)
    .filter((one) => !one.closest(".sr-only") && !scrolls(one.parentElement))
    .map((one) => `${one.tagName} ${one.className} ${(one.textContent || "").slice(0, 40)}`);
}"""

# Texts of the page whose contrast with their ground is below that of WCAG's level AA.
FAINT = """() => {
  const parts = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const over = ({ rgb, alpha }, ground) =>
    rgb.map((part, place) => part * alpha + ground[place] * (1 - alpha));
  const groundOf = (one) => {
    if (!one) return [32, 43, 51];
    const own = parts(getComputedStyle(one).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, groundOf(one.parentElement));
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const found = new Set();
  for (const one of document.querySelectorAll(".s2p *")) {
    const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!says || !one.getClientRects().length || one.closest(":disabled, .sr-only, option")) continue;
    const style = getComputedStyle(one), ground = groundOf(one), size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.6 && style.fontWeight >= 700);
    const ratio = contrast(over(parts(style.color), ground), ground);
    if (ratio < (isLarge ? 3 : 4.5))
      found.add(`${one.tagName} ${one.className} ${ratio.toFixed(1)} ${one.textContent.slice(0, 30)}`);
  }
  return [...found];
}"""

# Controls that lie under a bar when they are focused, one after the other.
COVERED = """() => {
  const bars = [...document.querySelectorAll("nav.fixed-top, .s2p-save-bar")];
  return [...document.querySelectorAll(".s2p-setting :is(input, select, textarea, button)")].filter((one) => {
    one.focus();
    const { x, y, width, height } = one.getBoundingClientRect();
    const shown = document.elementFromPoint(x + Math.min(width / 2, 20), y + height / 2);
    return bars.some((bar) => bar.contains(shown));
  }).map((one) => one.id);
}"""
