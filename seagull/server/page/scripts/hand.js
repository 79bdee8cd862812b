// What points at the photo: a mouse, which can move over it, or fingers, which cannot.

export const BY_TOUCH = matchMedia("(hover: none)").matches;
