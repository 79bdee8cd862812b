// The photo: what the person gave, how it is shown, and its copy on the server.

import { ServerError } from "./server.js";

// As large a picture as every browser can draw.
const SHOWN_AT_MOST = 4096;

export class Photo {
  // Use `Photo.open`.
  constructor(file, bitmap, natural) {
    this.file = file;
    this.name = file.name || "photo";
    this.bitmap = bitmap;
    this.width = natural.width;
    this.height = natural.height;
    this.id = null;
    this.sha256 = null;
  }

  // Reads a file as the browser shows it.
  static async open(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      throw new Error(`This browser cannot show ${file.name || "this file"}. Give a JPEG, PNG or WebP photo.`);
    }
    const natural = { width: bitmap.width, height: bitmap.height };
    const scale = SHOWN_AT_MOST / Math.max(natural.width, natural.height);
    if (scale < 1) {
      const size = { resizeWidth: Math.round(natural.width * scale), resizeQuality: "high" };
      const small = await createImageBitmap(bitmap, size);
      bitmap.close();
      bitmap = small;
    }
    return new Photo(file, bitmap, natural);
  }

  // Sends the photo; `progress` gets the share sent. The server's size is the one that counts.
  async send(server, progress = () => {}, signal) {
    const image = await server.upload("v1/images", this.file, progress, signal);
    Object.assign(this, { id: image.id, sha256: image.sha256, width: image.width, height: image.height });
  }

  // What `ask(id)` makes; a photo that the server has forgotten is sent again.
  async using(server, ask) {
    try {
      return await ask(this.id);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== "image_not_found") throw error;
      this.resent ??= this.send(server).finally(() => (this.resent = null));
      await this.resent;
      return ask(this.id);
    }
  }

  close() {
    this.bitmap.close();
  }
}
