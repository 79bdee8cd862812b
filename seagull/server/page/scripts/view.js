// Which part of the photo is shown, and how large.

const MOST = 16;
const MARGIN = 16;

export class View {
  scale = 1;
  x = 0;
  y = 0;

  // `photo` and `frame` have a width and a height, in the photo's and in CSS pixels.
  constructor(photo, frame) {
    this.photo = photo;
    this.frame = frame;
    this.fit();
  }

  get smallest() {
    const margin = Math.min(MARGIN, this.frame.width / 16);
    return Math.min(
      (this.frame.width - 2 * margin) / this.photo.width,
      (this.frame.height - 2 * margin) / this.photo.height,
    );
  }

  fit() {
    this.scale = this.smallest;
    this.#limit();
  }

  resize(frame) {
    const fitted = this.scale <= this.smallest * 1.001;
    this.frame = frame;
    if (fitted) this.fit();
    else this.#limit();
  }

  // Zooms by a factor; what is at (x, y) of the frame stays there.
  zoom(factor, x = this.frame.width / 2, y = this.frame.height / 2) {
    const [px, py] = this.toPhoto(x, y);
    const most = Math.max(MOST, this.smallest);
    this.scale = Math.min(Math.max(this.scale * factor, this.smallest), most);
    this.x = x - px * this.scale;
    this.y = y - py * this.scale;
    this.#limit();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#limit();
  }

  // Moves as little as it takes to show a point of the photo.
  reveal(px, py) {
    const [x, y] = this.toFrame(px, py);
    const inside = (value, most) => Math.min(Math.max(value, MARGIN), most - MARGIN) - value;
    this.pan(inside(x, this.frame.width), inside(y, this.frame.height));
  }

  toPhoto(x, y) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  toFrame(px, py) {
    return [px * this.scale + this.x, py * this.scale + this.y];
  }

  // Centres what is smaller than the frame; what is larger covers it.
  #limit() {
    this.x = limited(this.x, this.photo.width * this.scale, this.frame.width);
    this.y = limited(this.y, this.photo.height * this.scale, this.frame.height);
  }
}

function limited(at, length, frame) {
  if (length <= frame) return (frame - length) / 2;
  return Math.min(MARGIN, Math.max(at, frame - length - MARGIN));
}
