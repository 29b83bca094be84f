# SPDX-License-Identifier: GPL-2.0-only
#
# The devices of the emulator that tools/vm/run needs for a guest with network
# cards (QEMU is configured --without-default-devices).
CONFIG_PCI_DEVICES=y
CONFIG_PCIE_PORT=y
CONFIG_Q35=y
CONFIG_VTD=y
CONFIG_SERIAL_ISA=y
CONFIG_HPET=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_NET=y
CONFIG_E1000E_PCI_EXPRESS=y
CONFIG_I82599=y
