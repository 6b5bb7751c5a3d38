"""LPIPS (Zhang et al. 2018) with random weights by PyTorch, for scripts/lpips_check.ts.

python3 lpips_check.py FOLDER NET FORM writes backbone.pth, linear.pth and the images (raw little-endian floats, rows from
the top, channels interleaved) into FOLDER and prints the distances as JSON. NET: vgg or alex. FORM: zip or plain, of the
files that torch.save writes.
"""

import array
import json
import os
import sys

import torch
from torch import nn

SIZES = [(48, 64), (97, 131)]
SHIFT = [-0.030, -0.088, -0.188]
SCALE = [0.458, 0.448, 0.450]


def features(net):
    """torchvision's layers, under its names, and the channels of those that are compared."""
    layers = []
    if net == "alex":
        for number, (inputs, outputs, kernel, stride, pad) in enumerate(
            [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1)]
        ):
            layers += [nn.Conv2d(inputs, outputs, kernel, stride, pad), nn.ReLU()]
            if number < 2:
                layers.append(nn.MaxPool2d(3, 2))
        return nn.Sequential(*layers), [1, 4, 7, 9, 11], [64, 192, 384, 256, 256]
    taps = []
    inputs = 3
    for outputs, count in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]:
        for _ in range(count):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU()]
            inputs = outputs
        taps.append(len(layers) - 1)
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers), taps, [64, 128, 256, 512, 512]


class Backbone(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.features = layers
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(8, 4))


class Linear(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))


class Linears(nn.Module):
    def __init__(self, channels):
        super().__init__()
        for index, count in enumerate(channels):
            setattr(self, "lin%d" % index, Linear(count))


def unit(x):
    return x / (torch.sqrt(torch.sum(x * x, dim=1, keepdim=True)) + 1e-10)


def distance(backbone, linears, taps, a, b):
    total = torch.zeros((), dtype=a.dtype)
    shift = torch.tensor(SHIFT, dtype=a.dtype).view(1, 3, 1, 1)
    scale = torch.tensor(SCALE, dtype=a.dtype).view(1, 3, 1, 1)
    a, b = (a - shift) / scale, (b - shift) / scale
    for index, layer in enumerate(backbone.features):
        a, b = layer(a), layer(b)
        if index in taps:
            linear = getattr(linears, "lin%d" % taps.index(index)).model[1]
            total = total + linear((unit(a) - unit(b)) ** 2).mean()
        if index == taps[-1]:
            break
    return float(total)


def main():
    folder, net, form = sys.argv[1:]
    torch.manual_seed(20 if net == "vgg" else 18)
    layers, taps, channels = features(net)
    backbone, linears = Backbone(layers).eval(), Linears(channels).eval()
    with torch.no_grad():
        for module in backbone.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.normal_(module.bias, std=0.1)
        for parameter in linears.parameters():
            parameter.uniform_(0, 1)
    zipped = form == "zip"
    torch.save(
        backbone.state_dict(), os.path.join(folder, "backbone.pth"), _use_new_zipfile_serialization=zipped
    )
    torch.save(linears.state_dict(), os.path.join(folder, "linear.pth"), _use_new_zipfile_serialization=zipped)

    cases = []
    for number, (height, width) in enumerate(SIZES):
        a = torch.rand(1, 3, height, width)
        b = (a + 0.2 * torch.randn(1, 3, height, width)).clamp(0, 1)
        files = []
        for name, image in (("a", a), ("b", b)):
            files.append("%s%d.f32" % (name, number))
            with open(os.path.join(folder, files[-1]), "wb") as file:
                array.array("f", image[0].permute(1, 2, 0).flatten().tolist()).tofile(file)
        for name in ("unit", "signed"):
            values = {}
            for label, kind in (("float32", torch.float32), ("float64", torch.float64)):
                backbone.to(kind)
                linears.to(kind)
                x, y = a.to(kind), b.to(kind)
                if name == "signed":
                    x, y = 2 * x - 1, 2 * y - 1
                with torch.no_grad():
                    values[label] = distance(backbone, linears, taps, x, y)
            cases.append({"width": width, "height": height, "range": name, "a": files[0], "b": files[1], **values})
            backbone.float()
            linears.float()
    print(json.dumps({"torch": torch.__version__, "cases": cases}))


if __name__ == "__main__":
    main()
