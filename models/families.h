/** @file families.h
 *  One function a network; catalog.c lists them. */
#ifndef MC_FAMILIES_H
#define MC_FAMILIES_H

#include <stdio.h>

#include "network.h"

void mc_model_inception_v1(mc_network *network);
void mc_model_inception_v2(mc_network *network);
void mc_model_inception_v3(mc_network *network);
void mc_model_inception_v4(mc_network *network);
void mc_model_lenet5(mc_network *network);
void mc_model_mobilenet_v1(mc_network *network);
void mc_model_resnet50(mc_network *network);
void mc_model_resnet101(mc_network *network);
void mc_model_resnet152(mc_network *network);
void mc_model_vgg16(mc_network *network);
void mc_model_vgg19(mc_network *network);

#endif
