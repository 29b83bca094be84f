/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the Intel 82599: addresses and the bits that the model looks
 * at.  Source: Intel 82599 10 GbE Controller Datasheet, chapter 8.2.3; the
 * sections are named at each group.
 */
#ifndef I82599_REGS_H
#define I82599_REGS_H

/* General control, 8.2.3.1 */
#define R_CTRL	      0x00000
#define CTRL_GIO_DIS  0x00000004
#define CTRL_LRST     0x00000008
#define CTRL_RST      0x04000000
#define R_STATUS      0x00008
#define STATUS_LAN_ID 2 /* shift */
#define STATUS_GIO    0x00080000
#define R_CTRL_EXT    0x00018
#define R_ESDP	      0x00020
#define ESDP_SDP2     0x00000004
#define R_I2CCTL      0x00028
#define I2C_CLK_IN    0x1
#define I2C_CLK_OUT   0x2
#define I2C_DATA_IN   0x4
#define I2C_DATA_OUT  0x8
#define R_FRTIMER     0x00048
#define R_LEDCTL      0x00200

/* EEPROM and flash, 8.2.3.2 */
#define R_EEC	     0x10010
#define EEC_SK	     0x00000001
#define EEC_CS	     0x00000002
#define EEC_DI	     0x00000004
#define EEC_DO	     0x00000008
#define EEC_FWE	     0x00000030
#define EEC_REQ	     0x00000040
#define EEC_GNT	     0x00000080
#define EEC_PRES     0x00000100
#define EEC_ARD	     0x00000200
#define EEC_ADDR16   0x00000400
#define EEC_SIZE     11 /* shift */
#define EEC_FLUDONE  0x04000000
#define R_EERD	     0x10014
#define EERD_START   0x1
#define EERD_DONE    0x2
#define R_EEMNGCTL   0x10110
#define R_SWSM	     0x10140
#define SWSM_SMBI    0x1
#define SWSM_SWESMBI 0x2
#define R_FWSM	     0x10148
#define R_FACTPS     0x10150
#define R_SW_FW_SYNC 0x10160
#define R_GRC	     0x10200

/* Interrupts, 8.2.3.5 */
#define R_EICR	      0x00800
#define R_EICS	      0x00808
#define R_EIAC	      0x00810
#define R_EITR	      0x00820 /* 0 to 23 */
#define R_EITR_HIGH   0x12300 /* 24 and up */
#define EITR_INTERVAL 0x00000ff8
#define R_EIMS	      0x00880
#define R_EIMC	      0x00888
#define R_EIAM	      0x00890
#define R_GPIE	      0x00898
#define GPIE_MSIX     0x00000010
#define GPIE_OCD      0x00000020
#define GPIE_EIMEN    0x00000040
#define GPIE_EIAME    0x40000000
#define R_IVAR	      0x00900
#define R_IVAR_MISC   0x00a00
#define IVAR_VALID    0x80
#define R_EICS_EX     0x00a90
#define R_EIMS_EX     0x00aa0
#define R_EIMC_EX     0x00ab0
#define R_EIAM_EX     0x00ad0
#define CAUSE_QUEUES  0x0000ffff
#define CAUSE_FDIR    0x00010000
#define CAUSE_RX_MISS 0x00020000
#define CAUSE_PCI     0x00040000
#define CAUSE_LSC     0x00100000
#define CAUSE_OTHERS  0x7fff0000
#define EIAC_MASK     0x4000ffff

/* Flow control, 8.2.3.3 */
#define R_FCTTV	       0x03200
#define R_FCRTL	       0x03220
#define FCRTL_XONE     0x80000000
#define R_FCRTH	       0x03260
#define FCRTH_FCEN     0x80000000
#define FCRT_THRESHOLD 0x0007ffe0
#define R_FCRTV	       0x032a0
#define R_FCCFG	       0x03d00
#define FCCFG_TFCE     0x00000008
#define R_TFCS	       0x0ce00

/* Receive, 8.2.3.7 */
#define R_RXCSUM      0x05000
#define RXCSUM_IPPCSE 0x00001000
#define RXCSUM_PCSD   0x00002000
#define R_RFCTL	      0x05008
#define R_FCTRL	      0x05080
#define FCTRL_SBP     0x00000002
#define FCTRL_MPE     0x00000100
#define FCTRL_UPE     0x00000200
#define FCTRL_BAM     0x00000400
#define R_VLNCTRL     0x05088
#define VLNCTRL_VET   0x0000ffff
#define VLNCTRL_CFI   0x10000000
#define VLNCTRL_CFIEN 0x20000000
#define VLNCTRL_VFE   0x40000000
#define R_MCSTCTRL    0x05090
#define MCSTCTRL_MO   0x3
#define MCSTCTRL_MFE  0x4
#define R_ETQF	      0x05128
#define ETQF_EN	      0x80000000
#define R_MTA	      0x05200
#define R_RAL	      0x0a200 /* stride 8, 128 pairs */
#define R_RAH	      0x0a204
#define R_RAL_OLD     0x05400 /* the first 16 again */
#define RAH_AV	      0x80000000
#define R_PSRTYPE     0x0ea00
#define R_PSRTYPE_OLD 0x05480
#define PSRTYPE_TCP   0x00000010
#define PSRTYPE_UDP   0x00000020
#define PSRTYPE_IPV4  0x00000100
#define PSRTYPE_IPV6  0x00000200
#define PSRTYPE_L2    0x00001000
#define R_MRQC	      0x05818
#define MRQC_TCP4     0x00010000
#define MRQC_IPV4     0x00020000
#define MRQC_IPV6     0x00100000
#define MRQC_TCP6     0x00200000
#define MRQC_UDP4     0x00400000
#define MRQC_UDP6     0x00800000
#define R_RETA	      0x05c00
#define R_RSSRK	      0x05c80
#define R_VFTA	      0x0a000
#define R_UTA	      0x0f400
#define R_SAQF	      0x0e000
#define R_DAQF	      0x0e200
#define R_SDPQF	      0x0e400
#define R_FTQF	      0x0e600
#define FTQF_EN	      0x80000000
#define R_L34TIMIR    0x0e800
#define R_ETQS	      0x0ec00
#define ETQS_QUEUE_EN 0x80000000
#define R_SYNQF	      0x0ec30
#define SYNQF_EN      0x00000001
#define R_RTRUP2TC    0x03020

/* Receive DMA, 8.2.3.8: offsets in a queue's block of 0x40 bytes */
#define R_RXQ	       0x01000 /* queues 0 to 63 */
#define R_RXQ_HIGH     0x0d000 /* queues 64 to 127 */
#define Q_BAL	       0x00
#define Q_BAH	       0x04
#define Q_LEN	       0x08
#define Q_DCA	       0x0c
#define Q_HEAD	       0x10
#define Q_SRRCTL       0x14
#define Q_TAIL	       0x18
#define Q_DCTL	       0x28
#define Q_RSCCTL       0x2c
#define DCTL_ENABLE    0x02000000
#define RXDCTL_VME     0x40000000
#define SRRCTL_DROP_EN 0x10000000
#define SRRCTL_TYPE    25 /* shift of 3 bits */
#define R_SRRCTL_OLD   0x02100
#define R_DCA_RX_OLD   0x02200
#define R_RDRXCTL      0x02f00
#define RDRXCTL_CRCS   0x00000002
#define RDRXCTL_DMAI   0x00000008
#define R_RXCTRL       0x03000
#define RXCTRL_RXEN    0x1
#define R_RXPBSIZE     0x03c00

/* Transmit, 8.2.3.9 */
#define R_TXQ	     0x06000
#define Q_WBAL	     0x38
#define Q_WBAH	     0x3c
#define TDWBAL_EN    0x1
#define R_DMATXCTL   0x04a80
#define DMATXCTL_TE  0x1
#define R_DTXTCPFLGL 0x04a88
#define R_DTXTCPFLGH 0x04a8c
#define R_DTXMXSZRQ  0x08100
#define R_TXPBSIZE   0x0cc00

/* Security, 8.2.3.12: there is none, so the paths are always ready */
#define R_SECTXCTRL	0x08800
#define R_SECTXSTAT	0x08804
#define R_SECRXCTRL	0x08d00
#define R_SECRXSTAT	0x08d04
#define SECSTAT_RDY	0x1
#define SECSTAT_OFF_DIS 0x2

/* Flow Director, 8.2.3.21 */
#define R_FDIRCTRL	 0x0ee00
#define FDIRCTRL_PBALLOC 0x00000003
#define FDIRCTRL_DONE	 0x00000008
#define FDIRCTRL_PERFECT 0x00000010
#define FDIRCTRL_REPORT	 0x00000020
#define FDIRCTRL_FLEX	 16 /* shift of 5 bits, in words */
#define R_FDIRSIPV6	 0x0ee0c
#define R_FDIRIPSA	 0x0ee18
#define R_FDIRIPDA	 0x0ee1c
#define R_FDIRPORT	 0x0ee20
#define R_FDIRVLAN	 0x0ee24
#define R_FDIRHASH	 0x0ee28
#define R_FDIRCMD	 0x0ee2c
#define FDIRCMD_CMD	 0x3
#define FDIRCMD_ADD	 0x1
#define FDIRCMD_REMOVE	 0x2
#define FDIRCMD_QUERY	 0x3
#define FDIRCMD_VALID	 0x00000004
#define FDIRCMD_CLEARHT	 0x00000100
#define FDIRCMD_DROP	 0x00000200
#define FDIRCMD_QUEUE_EN 0x00008000
#define R_FDIRFREE	 0x0ee38
#define R_FDIRDIP4M	 0x0ee3c
#define R_FDIRSIP4M	 0x0ee40
#define R_FDIRTCPM	 0x0ee44
#define R_FDIRUDPM	 0x0ee48
#define R_FDIRLEN	 0x0ee4c
#define R_FDIRUSTAT	 0x0ee50
#define R_FDIRFSTAT	 0x0ee54
#define R_FDIRMATCH	 0x0ee58
#define R_FDIRMISS	 0x0ee5c
#define R_FDIRHKEY	 0x0ee68
#define R_FDIRSKEY	 0x0ee6c
#define R_FDIRM		 0x0ee70
#define FDIRM_VLANID	 0x01
#define FDIRM_VLANP	 0x02
#define FDIRM_POOL	 0x04
#define FDIRM_L4P	 0x08
#define FDIRM_FLEX	 0x10

/* MAC, 8.2.3.22 */
#define R_HLREG0	 0x04240
#define HLREG0_RXCRCSTRP 0x00000002
#define HLREG0_JUMBOEN	 0x00000004
#define HLREG0_TXPADEN	 0x00000400
#define HLREG0_LPBK	 0x00008000
#define R_MSCA		 0x0425c
#define MSCA_COMMAND	 0x40000000
#define R_MSRWD		 0x04260
#define R_MAXFRS	 0x04268
#define R_MFLCN		 0x04294
#define MFLCN_PMCF	 0x00000001
#define MFLCN_DPF	 0x00000002
#define MFLCN_RFCE	 0x00000008
#define R_AUTOC		 0x042a0
#define AUTOC_FLU	 0x00000001
#define AUTOC_RESTART	 0x00001000
#define AUTOC_LMS	 13 /* shift of 3 bits */
#define R_LINKS		 0x042a4
#define LINKS_UP	 0x40000000
#define LINKS_10G	 0x30000000
#define LINKS_1G	 0x20000000
#define R_AUTOC2	 0x042a8
#define R_ANLP1		 0x042b0
#define R_LINKS2	 0x04324
#define R_CORECTL	 0x14f00

/* Statistics, 8.2.3.23: cleared when read */
#define R_MPC	   0x03fa0
#define R_ROC	   0x040ac
#define R_RUC	   0x040a4
#define R_PRC64	   0x0405c
#define R_GPRC	   0x04074
#define R_BPRC	   0x04078
#define R_MPRC	   0x0407c
#define R_GPTC	   0x04080
#define R_GORCL	   0x04088
#define R_GOTCL	   0x04090
#define R_TORL	   0x040c0
#define R_TPR	   0x040d0
#define R_TPT	   0x040d4
#define R_PTC64	   0x040d8
#define R_MPTC	   0x040f0
#define R_BPTC	   0x040f4
#define R_XEC	   0x04120
#define R_LXONRX   0x041a4
#define R_LXOFFRX  0x041a8
#define R_LXONTX   0x03f60
#define R_LXOFFTX  0x03f68
#define R_RXDGPC   0x02f50
#define R_RXDGBCL  0x02f54
#define R_TXDGPC   0x087a0
#define R_TXDGBCL  0x087a4
#define R_QPRC	   0x01030
#define R_QBRCL	   0x01034
#define R_QPRDC	   0x01430
#define R_QPTC	   0x06030
#define R_QPTC_NEW 0x08680
#define R_QBTCL	   0x08700
#define R_RQSMR	   0x02300
#define R_TQSM	   0x08600

/* Time, 8.2.3.26 */
#define R_SYSTIML 0x08c0c
#define R_SYSTIMH 0x08c10
#define R_TIMINCA 0x08c14

/* Receive descriptors, 7.1.5 and 7.1.6: status and extended errors */
#define RXD_DD	  0x00000001
#define RXD_EOP	  0x00000002
#define RXD_FLM	  0x00000004
#define RXD_VP	  0x00000008
#define RXD_UDPCS 0x00000010
#define RXD_L4CS  0x00000020
#define RXD_IPCS  0x00000040
#define RXD_PIF	  0x00000080
#define RXD_NEXTP 4 /* shift, where it is not the last */
#define RXD_LB	  0x00040000
#define RXD_HBO	  0x00800000
#define RXD_RXE	  0x20000000
#define RXD_L4E	  0x40000000
#define RXD_IPE	  0x80000000

/* Packet types in the advanced write-back, 7.1.6.2 */
#define PTYPE_IPV4 0x0010
#define PTYPE_IP4E 0x0020
#define PTYPE_IPV6 0x0040
#define PTYPE_IP6E 0x0080
#define PTYPE_TCP  0x0100
#define PTYPE_UDP  0x0200
#define PTYPE_SCTP 0x0400
#define PTYPE_ETQF 0x8000

/* Transmit descriptors, 7.2.3: command and status */
#define TXD_LEN	      0x0000ffff
#define TXD_DTYP      20 /* shift of 4 bits */
#define TXD_DTYP_CTXT 2
#define TXD_DTYP_DATA 3
#define TXD_EOP	      0x01000000
#define TXD_IC	      0x04000000
#define TXD_RS	      0x08000000
#define TXD_DEXT      0x20000000
#define TXD_VLE	      0x40000000
#define TXD_TSE	      0x80000000
#define TXD_DD	      0x00000001
#define TXD_IDX	      4 /* shift */
#define TXD_IXSM      0x00000100
#define TXD_TXSM      0x00000200
#define TXD_PAYLEN    14 /* shift of 18 bits */
#define TUCMD_IPV4    0x0400
#define TUCMD_L4T     11 /* shift of 2 bits */
#define L4T_UDP	      0
#define L4T_TCP	      1
#define L4T_SCTP      2

#endif
